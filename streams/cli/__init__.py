"""The floorcast command: each module reads settings, calls the parts and prints."""
