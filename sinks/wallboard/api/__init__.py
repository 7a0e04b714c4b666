"""The JSON API for other tools, `/api/v1/`: the board's numbers, read only."""
