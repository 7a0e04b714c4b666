"""The file of rejected rows: file, line and reason, then the row's cells as they were."""

from __future__ import annotations

import csv
from typing import TextIO

from producers.csv_import.convert import Rejected


class RejectWriter:
    """Writes rejected rows as CSV, fit to be mended in a spreadsheet and imported again.

    Open the file with `newline=""`; cells that were not of the encoding are written escaped.
    """

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(["file", "line", "reason", "cells"])

    def write(self, name: str, rejected: Rejected) -> None:
        """Add a row."""
        cells = [
            cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            for cell in rejected.cells
        ]
        self._writer.writerow([name, rejected.line, rejected.reason, *cells])
