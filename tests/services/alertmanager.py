"""A real Alertmanager on a loopback port with a folder of its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.services.http import ask, is_ready, post
from tests.services.ports import free_port
from tests.services.process import ChildProcess
from tests.services.programs import require


class AlertmanagerServer:
    """Alertmanager with the configuration a test gives it, without gossip to others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process = ChildProcess("alertmanager", folder / "alertmanager.log")

    @property
    def running(self) -> bool:
        """Whether the server's process runs."""
        return self._process.running

    def start(self, config: str | Mapping[str, Any]) -> None:
        """Run it with `config` (YAML text, or a mapping) and return when it is ready.

        Raises ServiceMissing, or ServiceFailed with the server's words on a wrong configuration.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config_file = self.folder / "alertmanager.yml"
        text = config if isinstance(config, str) else json.dumps(config)
        config_file.write_text(text, encoding="utf-8")
        self._process.start(
            [
                require("alertmanager"),
                f"--config.file={config_file}",
                f"--storage.path={self.folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                # Empty: otherwise it listens for peers on every interface.
                "--cluster.listen-address=",
                "--log.level=warn",
            ],
            ready=lambda: is_ready(f"{self.url}/-/ready"),
        )

    def stop(self) -> None:
        """Shut down in good order."""
        self._process.stop()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts it holds now."""
        found: list[dict[str, Any]] = ask(f"{self.url}/api/v2/alerts")
        return found

    def send(self, alerts: list[dict[str, Any]]) -> None:
        """Give it alerts, as Prometheus would; raises urllib's HTTPError when it refuses them."""
        post(f"{self.url}/api/v2/alerts", alerts)
