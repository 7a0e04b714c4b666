"""The locked requirements are whole, agree with each other and name no place to get them from."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.suites import ROOT

LOCKS = ("runtime", "demo", "dev")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)")


def lock_text(name: str) -> str:
    """The text of a lock file."""
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    """Package to locked version."""
    found = (PIN.match(line) for line in lock_text(name).splitlines())
    return {canonicalize_name(pin.group(1)): pin.group(2) for pin in found if pin}


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared(lock: str) -> list[Requirement]:
    """The requirements of pyproject.toml that a lock must hold."""
    table = project()
    optional, groups = table["project"]["optional-dependencies"], table["dependency-groups"]
    lines = [*table["project"]["dependencies"], *optional["audit"]]
    if lock != "runtime":
        lines += [*optional["demo"], *groups["build"]]
    if lock == "dev":
        lines += [line for line in groups["dev"] if isinstance(line, str)]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index_and_no_folder(name: str) -> None:
    options = [line for line in lock_text(name).splitlines() if line.startswith("-")]
    assert not options
    assert not re.search(r"://|@ |find-links|index-url", lock_text(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", lock_text(name))
    bare = [block for block in blocks if PIN.match(block) and "--hash=sha256:" not in block]
    assert not bare


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(name: str) -> None:
    locked = pins(name)
    wrong = [
        str(requirement)
        for requirement in declared(name)
        if locked.get(canonicalize_name(requirement.name), "") not in requirement.specifier
    ]
    assert not wrong, "run make lock"


def test_all_locks_agree_on_versions() -> None:
    everything = pins("dev").items()
    assert pins("demo").items() <= everything
    assert pins("runtime").items() <= pins("demo").items()


def test_the_private_faust_api_we_rely_on_is_pinned_exactly() -> None:
    exact = {r.name: str(r.specifier) for r in declared("runtime") if "==" in str(r.specifier)}
    assert exact == {
        "faust-streaming": "==0.15.3",
        "mode-streaming": "==0.7.1",
        "aiokafka": "==0.14.0",
    }
