"""Reads the board file that the settings name."""

from __future__ import annotations

from pathlib import Path

from sinks.wallboard.board_file import BoardFile, parse_board_file
from streams.core.errors import SettingsError
from streams.settings import Settings


def load_boards(settings: Settings) -> BoardFile:
    """The board file, or the default one when the settings name none; raises SettingsError."""
    if settings.boards is None:
        return BoardFile()
    try:
        return parse_board_file(Path(settings.boards).read_text("utf-8"))
    except OSError as error:
        problem = f"boards = {settings.boards!r}: cannot be read: {error.strerror}"
        raise SettingsError([problem]) from error
    except UnicodeDecodeError as error:
        problem = f"boards = {settings.boards!r}: is not UTF-8 text: {error}"
        raise SettingsError([problem]) from error
