"""History from CSV files by a declarative mapping: columns to fields, rows to events."""

from producers.csv_import.convert import Imported, Rejected, convert_rows
from producers.csv_import.mapping import Mapping, MappingError, parse_mapping
from producers.csv_import.rows import Row, read_rows

__all__ = [
    "Imported",
    "Mapping",
    "MappingError",
    "Rejected",
    "Row",
    "convert_rows",
    "parse_mapping",
    "read_rows",
]
