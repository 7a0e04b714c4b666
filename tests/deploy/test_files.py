"""The files under deploy/ are valid, agree with each other and with the settings."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft202012Validator

from streams.cli.main import COMMANDS
from streams.core.alerts.notices import alert_name
from streams.core.alerts.told import Kind
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


@pytest.mark.parametrize("alertname", [*map(alert_name, get_args(Kind)), "FloorcastRepIdle"])
def test_alerts_about_people_go_to_supervisors_and_say_where_to_read_on(alertname: str) -> None:
    config = DEPLOY / "alertmanager" / "alertmanager.yml"
    of = ("config", "routes", "test", f"--config.file={config}", f"alertname={alertname}")
    about_the_feed = alertname == "FloorcastDealsSilent"
    reached = run(require("amtool"), *of, "severity=warning").strip()
    assert reached == ("operators" if about_the_feed else "supervisors")
    headings = re.findall(r"^### (\w+)$", (DEPLOY / "alerts.md").read_text("utf-8"), re.MULTILINE)
    assert alertname in headings


def rendered(template: str, data: dict[str, Any], folder: Path) -> str:
    """What a message says; `data` is what the Alertmanager gives a template."""
    file = folder / "data.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return run(
        require("amtool"),
        "template",
        "render",
        f"--template.glob={DEPLOY / 'alertmanager' / 'templates' / '*.tmpl'}",
        f'--template.text={{{{ template "{template}" . }}}}',
        f"--template.data={file}",
    )


def message(status: str, *alerts: tuple[str, dict[str, str]]) -> dict[str, Any]:
    """A team's group of alerts, each a status and its annotations."""
    label = {"alertname": "FloorcastConversionDrop", "team": "north"}
    return {
        "status": status,
        "commonLabels": label,
        "commonAnnotations": {"summary": "It has dropped.", "summary_zh": "下降了。"},
        "alerts": [{"status": at, "labels": label, "annotations": said} for at, said in alerts],
    }


ANA = {"description": "Ana: 7 sales.", "text_zh": "Ana：7 单。", "link": "https://boards/rep/1"}
BO = {"description": "Bo <3>: 5 sales.", "text_zh": "Bo：5 单。"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("floorcast.title", "north: 1 open – It has dropped."),
        ("floorcast.title.zh", "north：1 条未处理 – 下降了。"),
        ("floorcast.text", "Ana: 7 sales.\nhttps://boards/rep/1\nClosed: Bo <3>: 5 sales.\n"),
        ("floorcast.text.zh", "Ana：7 单。\nhttps://boards/rep/1\n已关闭：Bo：5 单。\n"),
    ],
)
def test_a_message_has_what_is_open_and_what_is_closed(
    template: str, said: str, tmp_path: Path
) -> None:
    both = message("firing", ("firing", ANA), ("resolved", BO))
    assert rendered(template, both, tmp_path) == said


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("floorcast.title", "north: all closed – It has dropped."),
        ("floorcast.title.zh", "north：已全部关闭 – 下降了。"),
    ],
)
def test_a_message_says_when_all_is_closed(template: str, said: str, tmp_path: Path) -> None:
    assert rendered(template, message("resolved", ("resolved", ANA)), tmp_path) == said


def test_a_mail_has_both_languages_and_a_link(tmp_path: Path) -> None:
    html = rendered("floorcast.html", message("firing", ("firing", ANA)), tmp_path)
    link = '<a href="https://boards/rep/1">https://boards/rep/1</a>'
    assert html == f"\n<p>Ana: 7 sales.</p><p>Ana：7 单。</p><p>{link}</p>\n".lstrip()


def test_an_alert_about_the_pipeline_comes_out_all_the_same(tmp_path: Path) -> None:
    plain = message("firing", ("firing", {"description": "Events wait."}))
    plain |= {"commonLabels": {}, "commonAnnotations": {}}
    assert rendered("floorcast.title", plain, tmp_path) == "1 open"
    for template in ("floorcast.text", "floorcast.text.zh"):
        assert rendered(template, plain, tmp_path).strip() == "Events wait."


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


@pytest.mark.parametrize(
    "readme", ["deploy/README.md", "deploy/alerts.md", "grafana/README.md", "sinks/README.md"]
)
def test_links_and_named_files_are_there(readme: str) -> None:
    file = REPOSITORY / readme
    text = file.read_text(encoding="utf-8")
    targets = [link for link in LINK.findall(text) if "://" not in link]
    assert targets
    targets += [one or other for one, other in CODE_NAME.findall(text)]
    for target in targets:
        assert (file.parent / target).exists() or (REPOSITORY / target).exists(), target
