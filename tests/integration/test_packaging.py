"""The wheel holds the packages with their data, and nothing else of the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.suites import ROOT

PACKAGES = ("streams", "producers", "sinks")


def test_a_wheel_holds_every_file_of_the_packages_and_nothing_else(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES, "pyproject.toml", "LICENSE"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    tree = tmp_path / "tree"
    for name in tracked:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((ROOT / name).read_bytes())
    (tree / "tests").mkdir()
    (tree / "tests" / "__init__.py").touch()

    uv = str(Path(sys.executable).with_name("uv"))
    python = ["--python", sys.executable]
    build = [uv, "build", "--wheel", "--quiet", "--no-build-isolation", "--offline", *python]
    subprocess.run([*build, "--out-dir", str(tmp_path)], cwd=tree, check=True)

    (wheel,) = tmp_path.glob("floorcast-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {name for name in tracked if name.split("/")[0] in PACKAGES}
    assert names == {name for name in expected if not is_for_readers(name)}


def is_for_readers(name: str) -> bool:
    """What is read in the repository only; the licences in `static` go with what they cover."""
    return name.endswith((".md", ".png")) and "/static/" not in name
