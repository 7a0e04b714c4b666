"""The Faust application: consuming, state, changelog, recovery and snapshots."""
