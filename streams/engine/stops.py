"""Follows `input-stops`: a stop outlives its worker, a resume reaches the one there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faust.types import TP

from streams.core.stop import InputState, decode_input_state, parse_input
from streams.engine.follow import Follower
from streams.settings import Settings
from streams.topics import INPUT_STOPS


class Stops(Follower):
    """Tells what was last said of each input, all of it before the first event is read."""

    def __init__(
        self, settings: Settings, options: dict[str, Any], heard: Callable[[TP, InputState], None]
    ) -> None:
        super().__init__(settings.topic(INPUT_STOPS), options, self._hear)
        self._tell = heard

    def _hear(self, key: bytes | None, value: bytes | None) -> None:
        where = parse_input((key or b"").decode(errors="replace"))
        said = decode_input_state(value)
        if where is not None and said is not None:
            self._tell(TP(*where), said)
