"""Reads settings: a TOML file overlaid by FLOORCAST_* variables.

Every problem is collected before anything is refused, so a person mends a file once.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from streams.core.basis import app_of
from streams.core.errors import SettingsError
from streams.http_url import problems_of as url_problems
from streams.redis_url import problems_of
from streams.settings import HINTS, PREFIX, Settings, masked

NOT_SETTINGS = {"FLOORCAST_CONFIG", "FLOORCAST_REAL_DATA"}
"""Variables of this prefix that are not settings: the file's path, and the tests' data folder."""


def load_settings(environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """Settings of a TOML file (`config`, else FLOORCAST_CONFIG) overlaid by FLOORCAST_* variables.

    Raises SettingsError with every problem found.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    path = config or (
        Path(environ["FLOORCAST_CONFIG"]) if environ.get("FLOORCAST_CONFIG") else None
    )
    if path is not None:
        values |= _from_file(path, problems)
    for variable, text in sorted(environ.items()):
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            name = variable.removeprefix(PREFIX).lower()
            if name in HINTS:
                values[name] = text
            else:
                problems.append(f"{variable}: no such setting{_nearest(name, PREFIX)}")
    good: dict[str, Any] = {}
    for name, value in values.items():
        try:
            good[name] = _convert(name, value)
        except msgspec.ValidationError as error:
            problems.append(f"{name} = {masked(name, value)!r}: {_in_words(str(error))}")
    problems += _together(good)
    if problems:
        raise SettingsError(problems)
    return Settings(**good)


def _from_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: not a TOML file: {error}")
        return {}
    for name in values.keys() - HINTS.keys():
        problems.append(f"{path}: {name}: no such setting{_nearest(name)}")
    return {name: value for name, value in values.items() if name in HINTS}


def _convert(name: str, value: object) -> object:
    hint = HINTS[name]
    if value == "" and type(None) in get_args(hint.__origin__):
        return None  # an empty variable switches an optional setting off
    if isinstance(value, str) and hint.__origin__ is bool:
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        if value.lower() not in words:
            msg = "must be true or false"
            raise msgspec.ValidationError(msg)
        return words[value.lower()]
    return msgspec.convert(value, hint, strict=False)


def _together(values: Mapping[str, Any]) -> list[str]:
    """Problems that no setting has alone."""
    problems = []
    if str(values.get("security_protocol", "")).startswith("SASL"):
        problems += [
            f"{name}: must be set when security_protocol is {values['security_protocol']}"
            for name in ("sasl_username", "sasl_password")
            if not values.get(name)
        ]
    app = str(values.get("app", ""))
    if app_of(app) != app:
        problems.append(
            f"app = {app!r}: must not end like a generation; `floorcast rebuild` makes those"
        )
    return [*problems, *problems_of(values), *url_problems(values)]


def _nearest(name: str, prefix: str = "") -> str:
    close = difflib.get_close_matches(name, HINTS, 1, 0.5)
    if not close:
        return "; see `floorcast --help`"
    return f"; did you mean {prefix + close[0].upper() if prefix else close[0]}?"


def _in_words(message: str) -> str:
    return message.replace("Expected `int`", "must be a whole number").replace(
        "Expected", "must be"
    )
