"""The live page: floorcast's own board, pushed to browsers as it changes."""
