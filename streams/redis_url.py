"""How Redis is reached: the redis_* settings as one URL, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

OPTIONS = (
    "db",
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
)
"""What may stand behind the `?` of a redis_url: other options of the client would change what
sinks and readers rely on, such as its time-outs."""

FILES = {
    "redis_ca": "ssl_ca_certs",
    "redis_certificate": "ssl_certfile",
    "redis_key": "ssl_keyfile",
}
"""Setting to the option it stands for."""

_SWITCHES = ("true", "false", "yes", "no", "1", "0")
_VALUES = {
    "ssl_cert_reqs": ("required", "optional", "none"),
    "ssl_check_hostname": _SWITCHES,
}


def full_url(values: Mapping[str, Any]) -> str | None:
    """The URL with user, password and certificates in it, None without redis_url: a secret."""
    if not values.get("redis_url"):
        return None
    parts = urlsplit(values["redis_url"])
    user, password = values.get("redis_user"), values.get("redis_password")
    netloc = parts.netloc
    if user or password:
        # One of them may be in the URL already.
        user = quote(user, safe="") if user else parts.username or ""
        password = quote(password, safe="") if password else parts.password
        login = user if password is None else f"{user}:{password}"
        netloc = f"{login}@{netloc.rpartition('@')[2]}"
    options = parse_qsl(parts.query)
    options += [(option, values[name]) for name, option in FILES.items() if values.get(name)]
    query = f"?{urlencode(options)}" if options else ""
    # Not by geturl: it would make unix:/path of unix:///path.
    return f"{parts.scheme}://{netloc}{parts.path}{query}"


def problems_of(values: Mapping[str, Any]) -> list[str]:
    """What is wrong, each with its setting's name and what to do; never with a password."""
    url = values.get("redis_url")
    if not url:
        return [
            f"{name}: goes with redis_url, which is not set"
            for name in ("redis_user", "redis_password", *FILES)
            if values.get(name)
        ]
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return ["redis_url: must start with redis://, rediss:// or unix://"]
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return [
            "redis_url: host or port cannot be read; a password with / ? # @ or : in it belongs "
            "into redis_password"
        ]
    return [*_of_place(parts), *_of_options(parts), *_of_login(parts, values), *_of_files(values)]


def _of_place(parts: SplitResult) -> Iterator[str]:
    if parts.fragment:
        yield "redis_url: must have no #; a password with one belongs into redis_password"
    if parts.scheme == "unix":
        if not parts.path:
            yield "redis_url: unix:// must name a socket, like unix:///run/redis/redis.sock"
        return
    if not parts.hostname:
        yield "redis_url: must name a host, like redis://redis:6379/0"
    database = parts.path.removeprefix("/")
    if database and not database.isdecimal():
        yield f"redis_url: the database must be a number, like /0, not {database!r}"


def _of_options(parts: SplitResult) -> Iterator[str]:
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in OPTIONS:
            yield f"redis_url: no such option {name!r}; there are {', '.join(OPTIONS)}"
        elif name == "db" and not value.isdecimal():
            yield f"redis_url: db = {value!r}: must be a number"
        elif value.lower() not in _VALUES.get(name, (value.lower(),)):
            yield f"redis_url: {name} = {value!r}: must be one of {', '.join(_VALUES[name])}"
        elif name.startswith("ssl_") and parts.scheme != "rediss":
            yield f"redis_url: {name} goes with rediss:// only"


def _of_login(parts: SplitResult, values: Mapping[str, Any]) -> Iterator[str]:
    for name, there in (("redis_user", parts.username), ("redis_password", parts.password)):
        if values.get(name) and there:
            yield f"{name}: redis_url has one too; leave one of them out"
    if values.get("redis_user") and not (values.get("redis_password") or parts.password):
        yield "redis_password: must be set when redis_user is"


def _of_files(values: Mapping[str, Any]) -> Iterator[str]:
    for name in FILES:
        path = values.get(name)
        if not path:
            continue
        if not values["redis_url"].startswith("rediss://"):
            yield f"{name}: goes with a redis_url of rediss:// only"
        elif not Path(path).is_file():
            yield f"{name} = {path!r}: no such file"
    if bool(values.get("redis_certificate")) != bool(values.get("redis_key")):
        yield "redis_certificate, redis_key: both or none"
