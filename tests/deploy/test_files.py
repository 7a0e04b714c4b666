"""The files under deploy/ are valid, agree with each other and with the settings."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from streams.cli.main import COMMANDS
from streams.settings import Settings, describe
from tests.services.programs import REPOSITORY, require

DEPLOY = REPOSITORY / "deploy"
BIN = Path(sys.executable).parent
README = DEPLOY / "README.md"
LINK = re.compile(r"\]\(([^)#]+)(?:#[\w-]+)?\)")
CODE_NAME = re.compile(r"`([\w./-]+\.(?:ya?ml|py|json))`|`(Dockerfile[\w.]*)`")


def run(*command: str | Path) -> str:
    """Run a program and return its output; its words are the failure's."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(name: str) -> Any:
    """A YAML file of the folder."""
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def services() -> dict[str, dict[str, Any]]:
    """The services of the stack by name."""
    found: dict[str, dict[str, Any]] = read("compose.yaml")["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run floorcast."""
    return {name: one for name, one in services().items() if one.get("image") == "floorcast:local"}


def compose_schema() -> dict[str, Any]:
    """The compose specification that check-jsonschema carries."""
    package = importlib.util.find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def test_the_stack_follows_the_compose_specification() -> None:
    problems = Draft202012Validator(compose_schema()).iter_errors(read("compose.yaml"))
    assert [f"{one.json_path}: {one.message}" for one in problems] == []


def test_the_image_follows_good_practice() -> None:
    run(BIN / "hadolint", DEPLOY / "Dockerfile")


def test_yaml_files_are_tidy() -> None:
    files = [*DEPLOY.rglob("*.y*ml"), *(REPOSITORY / "grafana").rglob("*.yaml")]
    files += (REPOSITORY / "tests" / "rules").glob("*.yml")
    rules = "{extends: default, rules: {line-length: disable, document-start: disable}}"
    run(BIN / "yamllint", "--strict", "-d", rules, *files)


def test_prometheus_takes_its_configuration() -> None:
    run(require("promtool"), "check", "config", DEPLOY / "prometheus" / "prometheus.yml")


def test_alertmanager_takes_its_configuration() -> None:
    run(require("amtool"), "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_alerts_of_every_severity_reach_somebody(severity: str) -> None:
    config = DEPLOY / "alertmanager" / "alertmanager.yml"
    receiver = run(
        require("amtool"),
        "config",
        "routes",
        "test",
        f"--config.file={config}",
        f"severity={severity}",
    )
    assert receiver.strip() == "operators"


def test_ports_are_published_on_loopback_only() -> None:
    ports = [port for one in services().values() for port in one.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports), ports


def test_no_service_may_gain_rights() -> None:
    for name, one in services().items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name


def test_images_of_others_are_pinned_to_a_version() -> None:
    for name, one in services().items():
        tag = one["image"].partition(":")[2]
        assert name in ours() or re.match(r"v?\d+\.\d+", tag), one["image"]


def test_floorcast_runs_on_a_read_only_file_system() -> None:
    for name, one in ours().items():
        assert one["read_only"] is True, name
        assert one["tmpfs"] == ["/tmp"], name


def test_workers_share_no_store() -> None:
    stores = [one["volumes"] for one in ours().values() if one["command"] == ["worker"]]
    assert len(stores) > 1
    assert len({volume for volumes in stores for volume in volumes}) == len(stores)


def test_the_stack_sets_what_is_a_setting_and_runs_what_is_a_command() -> None:
    known = {variable for _, variable, _, _ in describe()}
    for name, one in ours().items():
        assert one["command"][0] in COMMANDS, name
        assert one["environment"].keys() <= known, name
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"(FLOORCAST_\w+)=", image)) <= known


def test_every_long_running_service_is_checked() -> None:
    # The image checks a worker or an audit by its metrics; the others have a check of their own.
    unchecked = {
        name
        for name, one in services().items()
        if "healthcheck" not in one and one.get("command") not in (["worker"], ["audit", "--watch"])
    }
    assert unchecked == {"page-proxy"}  # its page is checked, and it has no state


def test_prometheus_scrapes_every_worker_and_the_audit() -> None:
    def targets(*command: str) -> set[str]:
        return {f"{name}:9464" for name, one in ours().items() if one["command"] == [*command]}

    jobs = {one["job_name"]: one for one in read("prometheus/prometheus.yml")["scrape_configs"]}
    assert {name: one["metrics_path"] for name, one in jobs.items()} == {
        "floorcast": "/metrics",
        "floorcast-audit": "/metrics",
        "floorcast-reps": "/metrics/reps",
    }
    for name, one in jobs.items():
        (static,) = one["static_configs"]
        audit = name == "floorcast-audit"
        assert set(static["targets"]) == targets(*(["audit", "--watch"] if audit else ["worker"]))


def test_workers_cut_series_visibly_before_prometheus_refuses_them_all() -> None:
    jobs = {one["job_name"]: one for one in read("prometheus/prometheus.yml")["scrape_configs"]}
    assert jobs["floorcast-reps"]["sample_limit"] > Settings().rep_series_limit


def test_grafana_knows_how_often_prometheus_scrapes() -> None:
    text = (REPOSITORY / "grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8")
    (source,) = yaml.safe_load(text)["datasources"]
    interval = read("prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == interval


def test_what_is_mounted_exists_and_grafana_looks_where_it_is() -> None:
    mounts = [volume.split(":") for one in services().values() for volume in one.get("volumes", ())]
    paths = {target: DEPLOY / source for source, target, *_ in mounts if source.startswith(".")}
    assert all(path.is_dir() for path in paths.values()), paths
    provider = REPOSITORY / "grafana/provisioning/dashboards/floorcast.yaml"
    (one,) = yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"]
    assert paths[one["options"]["path"]].samefile(REPOSITORY / "grafana" / "dashboards")


def test_the_image_gets_every_file_it_copies() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (REPOSITORY / source).exists(), source
                assert any(Path(source).match(pattern) for pattern in kept), source


def test_every_alert_has_its_place_in_the_runbook() -> None:
    groups = [read(f"prometheus/rules/{name}.yml")["groups"][0] for name in ("pipeline", "audit")]
    rules = [rule for group in groups for rule in group["rules"]]
    headings = re.findall(r"^### (\w+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [rule["alert"] for rule in rules]


@pytest.mark.parametrize("readme", ["deploy/README.md", "grafana/README.md"])
def test_links_and_named_files_are_there(readme: str) -> None:
    file = REPOSITORY / readme
    text = file.read_text(encoding="utf-8")
    targets = [link for link in LINK.findall(text) if "://" not in link]
    assert targets
    targets += [one or other for one, other in CODE_NAME.findall(text)]
    for target in targets:
        assert (file.parent / target).exists() or (REPOSITORY / target).exists(), target
