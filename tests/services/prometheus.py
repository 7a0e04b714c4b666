"""A real Prometheus server on a loopback port with a folder of its own."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.services.http import ask, is_ready, post
from tests.services.ports import free_port
from tests.services.process import ChildProcess, ServiceFailed
from tests.services.programs import require


class PrometheusServer:
    """Prometheus with the configuration a test gives it; ready in under a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process = ChildProcess("prometheus", folder / "prometheus.log")

    @property
    def running(self) -> bool:
        """Whether the server's process runs."""
        return self._process.running

    def start(self, config: str | Mapping[str, Any]) -> None:
        """Run it with `config` (YAML text, or a mapping) and return when it is ready.

        Raises ServiceMissing, or ServiceFailed with the server's words on a wrong configuration.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(config)
        self._process.start(
            [
                require("prometheus"),
                f"--config.file={self._config_file}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--web.enable-lifecycle",
                "--log.level=warn",
            ],
            ready=lambda: is_ready(f"{self.url}/-/ready"),
        )

    def reload(self, config: str | Mapping[str, Any]) -> None:
        """Take another configuration; raises urllib's HTTPError when Prometheus refuses it."""
        self._write(config)
        post(f"{self.url}/-/reload")

    def stop(self) -> None:
        """Shut down in good order."""
        self._process.stop()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()

    def query(self, expression: str, at_s: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query: a list of `{"metric": labels, "value": [time, text]}`."""
        parameters = {"query": expression} | ({} if at_s is None else {"time": str(at_s)})
        result: list[dict[str, Any]] = ask(f"{self.url}/api/v1/query", parameters)["data"]["result"]
        return result

    def samples(
        self, expression: str, start_s: float, end_s: float, step_s: float
    ) -> list[dict[str, Any]]:
        """A range query's result: a list of `{"metric": labels, "values": [[time, text], ...]}`."""
        parameters = {"query": expression, "start": str(start_s), "end": str(end_s)}
        parameters["step"] = str(step_s)
        answer = ask(f"{self.url}/api/v1/query_range", parameters)
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def value(self, expression: str) -> float:
        """The one number an instant query gives; raises ValueError for none or several."""
        (sample,) = self.query(expression)
        return float(sample["value"][1])

    def targets(self) -> list[dict[str, Any]]:
        """The active scrape targets, each with `health` and `lastError`."""
        active: list[dict[str, Any]] = ask(f"{self.url}/api/v1/targets")["data"]["activeTargets"]
        return active

    def wait_for(self, expression: str, timeout_s: float = 20.0) -> list[dict[str, Any]]:
        """Ask until the query gives something; raises ServiceFailed after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while not (result := self.query(expression)):
            if time.monotonic() > deadline:
                errors = [target["lastError"] for target in self.targets() if target["lastError"]]
                msg = f"prometheus has no data for {expression} after {timeout_s:g} s; {errors}"
                raise ServiceFailed(msg)
            time.sleep(0.1)
        return result

    @property
    def _config_file(self) -> Path:
        return self.folder / "prometheus.yml"

    def _write(self, config: str | Mapping[str, Any]) -> None:
        # JSON is YAML, so a mapping needs no YAML writer.
        text = config if isinstance(config, str) else json.dumps(config)
        self._config_file.write_text(text, encoding="utf-8")
