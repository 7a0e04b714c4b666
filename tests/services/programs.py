"""Where the servers of the tests are on this machine."""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SERVICES_FOLDER = REPOSITORY / ".services"

KAFKA_VERSION = "4.3.1"
KAFKA_LIBS = SERVICES_FOLDER / "kafka" / KAFKA_VERSION
LEAST_JAVA = 17

# Debian calls the Alertmanager prometheus-alertmanager, its own releases alertmanager.
PROGRAMS = {
    "redis-server": ("redis-server",),
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "amtool": ("amtool",),
    "openssl": ("openssl",),
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
}

INSTALL_HINT = "run make services"


class ServiceMissing(Exception):
    """A server the tests need is not on this machine."""


def find(name: str) -> Path | None:
    """The executable of a program of PROGRAMS; None when it is not on PATH."""
    for candidate in PROGRAMS[name]:
        if found := shutil.which(candidate):
            return Path(found)
    return None


def require(name: str) -> Path:
    """The executable of a program of PROGRAMS; raises ServiceMissing when it is not there."""
    if found := find(name):
        return found
    msg = f"{name} is not installed: {INSTALL_HINT}"
    raise ServiceMissing(msg)


@functools.cache
def java_version(java: str) -> int:
    """The major version of a Java runtime, 0 when it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r'version "(\d+)', done.stderr)
    return int(version.group(1)) if version else 0


def find_java() -> Path | None:
    """A Java runtime of at least LEAST_JAVA, from JAVA_HOME or PATH; None when there is none."""
    home = os.environ.get("JAVA_HOME")
    for candidate in (home and f"{home}/bin/java", shutil.which("java")):
        if candidate and java_version(candidate) >= LEAST_JAVA:
            return Path(candidate)
    return None


def kafka_class_path() -> str | None:
    """The class path of Apache Kafka for `java -cp`; None when it is not installed."""
    return f"{KAFKA_LIBS}/*" if (KAFKA_LIBS / f"kafka_2.13-{KAFKA_VERSION}.jar").exists() else None
