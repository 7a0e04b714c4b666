"""The rules of deploy/ without their waiting, for a Prometheus that scrapes twice a second."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.services.programs import REPOSITORY

RULES = REPOSITORY / "deploy" / "prometheus" / "rules"


def quick_rules(folder: Path, interval: str = "500ms") -> list[str]:
    """Write the rules into `folder`, evaluated every `interval` and with no `for`; their files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for file in sorted(RULES.glob("*.yml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group["interval"] = interval
            for rule in group["rules"]:
                rule.pop("for", None)
        copy = folder / file.name
        copy.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        files.append(str(copy))
    return files
