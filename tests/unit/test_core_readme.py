"""The map of the core is complete."""

import re
from pathlib import Path

import streams.core

CORE = Path(streams.core.__file__).parent


def test_the_readme_lists_every_file_of_the_core_and_no_other() -> None:
    table = [line for line in (CORE / "README.md").read_text("utf-8").splitlines() if "|" in line]
    listed = [name for line in table for name in re.findall(r"`([\w/]+\.py)`", line.split("|")[1])]
    assert len(listed) == len(set(listed))
    files = [path for path in CORE.rglob("*.py") if path.name != "__init__.py"]
    assert set(listed) == {path.relative_to(CORE).as_posix() for path in files}
