"""Faults without end on a real cluster, and every event accounted for; see README.md."""
