"""Rules of the code itself that no linter checks."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suites import ROOT

PACKAGES = ("streams", "producers", "sinks")
SOURCES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# A reason is at least two words in a comment of their own after the suppression.
SUPPRESSION = re.compile(
    r"#\s*(?:noqa:\s*[A-Z0-9, ]+?|type:\s*ignore\[[\w\-, ]+\])(?=\s*(?:#|$))(.*)"
)
REASON = re.compile(r"#.*\w+\W+\w+")

# What other packages do when imported is theirs (faust.app.base asks `file` about the interpreter),
# so those come first. faust loads its parts when they are first asked for.
WATCHED_IMPORT = """
import contextlib, importlib, sys, threading

foreign, ours = (names.split(",") for names in sys.argv[1:])
for name in foreign:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)

def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise SystemExit(f"opens {arguments[0]} for writing")
    if event in {"socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.putenv"}:
        raise SystemExit(f"{event} {arguments}")

sys.addaudithook(watch)
for module in ours:
    try:
        importlib.import_module(module)
    except SystemExit as effect:
        sys.exit(f"{module}: {effect}")
    if threading.active_count() > 1:
        sys.exit(f"{module}: starts a thread")
"""


def imported_modules(source: Path) -> Iterator[str]:
    """The names of all modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            # `from package import module` is one too; a name that is no module imports as nothing.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_name(source: Path) -> str:
    """`streams/core/clock.py` as `streams.core.clock`."""
    parts = source.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_the_core_imports_the_standard_library_and_msgspec_only() -> None:
    allowed = sys.stdlib_module_names | {"msgspec"}
    foreign = {
        f"{file.relative_to(ROOT)}: {module}"
        for file in (ROOT / "streams" / "core").rglob("*.py")
        for module in imported_modules(file)
        if module.partition(".")[0] not in allowed and not module.startswith("streams.core")
    }
    assert not foreign


def test_every_suppression_gives_its_reason_on_the_same_line() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in [*SOURCES, *TESTS]
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if (found := SUPPRESSION.search(line)) and not REASON.search(found.group(1))
    ]
    assert not bare


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_module_has_no_effects(package: str) -> None:
    modules = [module_name(file) for file in SOURCES if file.relative_to(ROOT).parts[0] == package]
    foreign = {name for file in SOURCES for name in imported_modules(file)}
    foreign = {name for name in foreign if name.partition(".")[0] not in PACKAGES}
    foreign |= {"faust.app.base", "faust.worker"}
    # -B: writing byte code is an effect of Python, not ours.
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED_IMPORT, ",".join(sorted(foreign)), ",".join(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("line", "reasoned"),
    [
        ("x = f()  # noqa: SLF001", False),
        ("x = f()  # noqa: SLF001, PLR2004 # faust offers no other way", True),
        ("x = f()  # type: ignore[no-any-return]", False),
        ("x = f()  # type: ignore[no-any-return]  # mode is untyped", True),
    ],
)
def test_a_suppression_and_its_reason_are_told_apart(line: str, reasoned: bool) -> None:
    found = SUPPRESSION.search(line)
    assert found is not None
    assert (REASON.search(found.group(1)) is not None) == reasoned
