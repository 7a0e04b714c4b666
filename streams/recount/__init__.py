"""The independent recount: the raw topics in SQL. Imports nothing of the rest of floorcast."""
