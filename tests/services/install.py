"""`make services`: brings the servers of the tests to this machine, and says what is missing.

Apache Kafka comes from Maven Central into an ignored folder; the others from the system's packages
where this is Debian (or a child of it) and we are root, else from what is on PATH. Quick when all
is there. The exit code is 0, and with CI=true 1 when anything is missing.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services.kafka_install import install_kafka
from tests.services.programs import (
    KAFKA_VERSION,
    LEAST_JAVA,
    find,
    find_java,
    kafka_class_path,
)

_POLICY = Path("/usr/sbin/policy-rc.d")
_CHINESE_FONT = "WenQuanYi Micro Hei"


@dataclass(frozen=True)
class Service:
    """One row of the table: what a test needs, where it is, and where it comes from."""

    name: str
    found: str  # where it is; empty when it is missing
    debian: tuple[str, ...]  # the packages that bring it
    advice: str  # what to do where it cannot be installed from here


def survey() -> list[Service]:
    """What is on this machine now."""
    java, jars = find_java(), kafka_class_path()
    rows = [
        Service(
            "java",
            str(java or ""),
            ("default-jre-headless",),
            f"install Java {LEAST_JAVA} or newer",
        ),
        Service(
            f"kafka {KAFKA_VERSION}",
            (jars or "").removesuffix("/*"),
            () if shutil.which("mvn") else ("maven",),
            "install Maven (mvn) and run make services again",
        ),
    ]
    for name, package in (
        ("redis-server", "redis-server"),
        ("prometheus", "prometheus"),
        ("promtool", "prometheus"),
        ("alertmanager", "prometheus-alertmanager"),
        ("amtool", "prometheus-alertmanager"),
        ("openssl", "openssl"),
        ("chromium", "chromium"),
    ):
        advice = f"install {package} and put {name} on PATH"
        rows.append(Service(name, str(find(name) or ""), (package,), advice))
    advice = "install a font with Chinese characters"
    rows.append(
        Service("chinese font", _chinese_font(), ("fontconfig", "fonts-wqy-microhei"), advice)
    )
    return rows


def main() -> int:
    """Install what is missing and can be installed, print the table, return the exit code."""
    rows = survey()
    packages = sorted({package for row in rows if not row.found for package in row.debian})
    if packages and _can_use_apt():
        _apt_install(packages)
    if not kafka_class_path() and shutil.which("mvn"):
        print(f"floorcast: fetching Apache Kafka {KAFKA_VERSION} (about 45 MB, once)", flush=True)
        install_kafka()
    rows = survey()
    _print_table(rows)
    missing = [row for row in rows if not row.found]
    return 1 if missing and os.environ.get("CI") == "true" else 0


def _can_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_install(packages: Sequence[str]) -> None:
    """Install Debian packages without starting their daemons; a refusal is shown, not raised."""
    print(f"floorcast: installing {', '.join(packages)}", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    install = [*apt, "install", "--yes", "--no-install-recommends", *packages]
    with _daemons_held_back():
        for command in ([*apt, "update"], install):
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(done.stdout[-2000:] + done.stderr[-2000:], file=sys.stderr)


@contextlib.contextmanager
def _daemons_held_back() -> Iterator[None]:
    """Debian starts a server when its package is installed unless this file says no."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _chinese_font() -> str:
    """The name of an installed font for Chinese texts; empty when there is none."""
    if sys.platform == "darwin":
        return "part of macOS"
    if not shutil.which("fc-list"):
        return ""
    listed = subprocess.run(
        ["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    names = sorted({line.split(",")[0] for line in listed})
    return _CHINESE_FONT if _CHINESE_FONT in names else (names or [""])[0]


def _print_table(rows: Sequence[Service]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        state = row.found or f"MISSING: {row.advice}"
        print(f"  {row.name:<{width}}  {state}")


if __name__ == "__main__":
    sys.exit(main())
