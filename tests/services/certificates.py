"""Certificates of a test's own: an authority, and what it signs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.services.programs import require


class Pair(NamedTuple):
    """A certificate and its key, PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates that hold for a day; `certificate` is its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._own = Pair(folder / "ca.pem", folder / "ca.key")
        _openssl("req", "-x509", *_new(self._own, "ca"), "-days", "1")

    @property
    def certificate(self) -> Path:
        """What clients trust."""
        return self._own.certificate

    def pair(self, name: str, address: str = "127.0.0.1") -> Pair:
        """A certificate for an IP address, or for a client of that name."""
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        own: list[str | Path] = ["-CA", self._own.certificate, "-CAkey", self._own.key]
        extra = ["-addext", f"subjectAltName=IP:{address}", "-days", "1"]
        _openssl("req", "-x509", *_new(made, name), *own, *extra)
        return made


def _new(made: Pair, name: str) -> list[str | Path]:
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    return [*kind, "-subj", f"/CN={name}", "-keyout", made.key, "-out", made.certificate]


def _openssl(*args: str | Path) -> None:
    subprocess.run([require("openssl"), *args], check=True, capture_output=True, timeout=60)
