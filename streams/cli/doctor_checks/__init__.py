"""What `floorcast doctor` looks at, a file a subject: a check asks, a rule judges what it heard."""
