"""Who may see what: a file of grants, read again when it changes; it holds no secret.

One JSON object a line. A grant goes with a token, of which only the SHA-256 is kept (a token is 256
random bits, so there is nothing to guess and nothing to salt), or with a user that a trusted proxy
names. A line that cannot be read grants nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct, json, structs

from sinks.wallboard.scope import Scope
from streams.core.clock import Clock
from streams.core.errors import SettingsError

PREFIX = "fc"
"""First part of every token, by which secret scanners know one."""

_log = logging.getLogger(__name__)
_encode = json.Encoder(order="deterministic").encode
_NOBODY = hashlib.sha256(b"").hexdigest()


class Grant(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that may be seen by whoever has a token, or by a `user` of the proxy.

    `acts`: they may also acknowledge, comment and mute alerts of the teams they see.
    `sha256` is the hex digest of the token, empty for a user. Times in UTC ms.
    """

    id: str
    name: str
    scope: Scope
    created_ms: int
    sha256: str = ""
    user: str | None = None
    expires_ms: int | None = None
    revoked_ms: int | None = None
    acts: bool = False

    def fault(self, now_ms: int) -> str | None:
        """Why it grants nothing now: `revoked`, `expired`; None while it holds."""
        if self.revoked_ms is not None:
            return "revoked"
        if self.expires_ms is not None and now_ms >= self.expires_ms:
            return "expired"
        return None


_decode = json.Decoder(Grant).decode


class Grants:
    """The grants of a file as it is now; a file that is not there grants nothing."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._seen: tuple[int, int, int] | None = None
        self._grants: list[Grant] = []
        self._by_id: dict[str, Grant] = {}
        self._by_user: dict[str, Grant] = {}

    def of_token(self, token: str) -> tuple[Grant | None, str]:
        """(the grant of a token, or None; why: `bad_token`, `revoked`, `expired`)."""
        self._look()
        _, _, rest = token.partition("_")
        found = self._by_id.get(rest.partition("_")[0])
        # Compared also where there is none: how long it takes tells nothing of what exists.
        same = hmac.compare_digest(found.sha256 if found else _NOBODY, _digest(token))
        if found is None or not same:
            return None, "bad_token"
        return self._judged(found)

    def of_user(self, user: str) -> tuple[Grant | None, str]:
        """(the grant of a user of the proxy, or None; why: `unknown_user`, `expired`)."""
        self._look()
        found = self._by_user.get(user)
        return (None, "unknown_user") if found is None else self._judged(found)

    def holds(self, grant: Grant) -> bool:
        """Whether a grant that was given still stands as it was."""
        self._look()
        return self._by_id.get(grant.id) == grant and grant.fault(self._clock.now_ms()) is None

    def now_ms(self) -> int:
        """The time by which grants end."""
        return self._clock.now_ms()

    def all(self) -> list[Grant]:
        """Every grant, in the order of the file."""
        self._look()
        return list(self._grants)

    def _judged(self, grant: Grant) -> tuple[Grant | None, str]:
        why = grant.fault(self._clock.now_ms())
        return (grant, "") if why is None else (None, why)

    def _look(self) -> None:
        """Read the file again if it was changed."""
        seen = _looked_at(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        self._grants = list(_read(self._path))
        self._by_id = {one.id: one for one in self._grants}
        self._by_user = {
            one.user: one for one in self._grants if one.user and one.revoked_ms is None
        }


def new_grant(
    path: Path,
    clock: Clock,
    name: str,
    scope: Scope,
    *,
    user: str | None = None,
    expires_ms: int | None = None,
    acts: bool = False,
) -> tuple[Grant, str]:
    """Add a grant to the file; (it, the token, which stands nowhere else; empty for a user)."""
    with _changing(path) as (grants, write):
        known = {one.id for one in grants}
        while (identity := secrets.token_hex(4)) in known:
            pass
        token = "" if user is not None else f"{PREFIX}_{identity}_{secrets.token_urlsafe(32)}"
        grant = Grant(
            id=identity,
            name=name,
            scope=scope,
            created_ms=clock.now_ms(),
            sha256=_digest(token) if token else "",
            user=user,
            expires_ms=expires_ms,
            acts=acts,
        )
        if any(one.user == user for one in grants if user and one.revoked_ms is None):
            problem = f"--user {user}: has a grant already; revoke that one first"
            raise SettingsError([problem])
        write([*grants, grant])
    return grant, token


def revoke(path: Path, clock: Clock, ids: Iterable[str]) -> list[str]:
    """Make grants void from now on; the ids that there are none of, and then nothing is changed."""
    wanted = set(ids)
    with _changing(path) as (grants, write):
        missing = sorted(wanted - {one.id for one in grants})
        if not missing:
            now_ms = clock.now_ms()
            write(
                structs.replace(one, revoked_ms=now_ms)
                if one.id in wanted and one.revoked_ms is None
                else one
                for one in grants
            )
    return missing


@contextmanager
def _changing(path: Path) -> Iterator[tuple[list[Grant], Callable[[Iterable[Grant]], None]]]:
    """(the grants, how to replace them): one process at a time; readers see the old or the new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield list(_read(path, strict=True)), lambda grants: _replace(path, grants)
    except OSError as error:
        problem = f"page_tokens = {str(path)!r}: {error.strerror}"
        raise SettingsError([problem]) from error


def _replace(path: Path, grants: Iterable[Grant]) -> None:
    beside = path.with_name(path.name + ".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"".join(_encode(one) + b"\n" for one in grants))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read(path: Path, *, strict: bool = False) -> Iterator[Grant]:
    """The grants of a file; `strict`: raises SettingsError at a line that is none."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            _log.error("page tokens: %s: %s: nobody is let in", path, error.strerror)
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _decode(line)
        except msgspec.DecodeError:
            # The line is not shown: nobody knows what was pasted there.
            if strict:
                problem = f"page_tokens: line {number} of {path} is no grant; mend or remove it"
                raise SettingsError([problem]) from None
            _log.error("page tokens: line %d of %s is no grant and grants nothing", number, path)


def _looked_at(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
