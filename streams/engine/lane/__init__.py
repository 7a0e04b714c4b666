"""The batch lane: Faust's consumer, commit and recovery on slices instead of single messages."""
