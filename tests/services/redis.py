"""A real Redis server on a loopback port with a folder of its own."""

from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services.ports import free_port
from tests.services.process import ChildProcess
from tests.services.programs import require


class RedisServer:
    """redis-server without persistence, unless `persistent`; `start` again keeps the port.

    With a `password` clients must give it; `unix_socket` is the path of a second door.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str = "",
        persistent: bool = False,
        unix_socket: Path | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.password = password
        self.unix_socket = unix_socket
        self._persistent = persistent
        self._process = ChildProcess("redis-server", folder / "redis.log")

    @property
    def url(self) -> str:
        """The URL clients connect to, with the password where one is set."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        """Whether the server's process runs."""
        return self._process.running

    def start(self) -> None:
        """Run it and return when it answers PING; raises ServiceMissing or ServiceFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [require("redis-server"), "--bind", "127.0.0.1"]
        command += ["--port", str(self.port), "--dir", self.folder, "--daemonize", "no"]
        command += ["--save", "", "--appendonly", "yes" if self._persistent else "no"]
        if self.unix_socket:
            command += ["--unixsocket", self.unix_socket]
        if self.password:
            command += ["--requirepass", self.password]
        self._process.start(command, ready=self._answers)

    def stop(self) -> None:
        """Shut down in good order."""
        self._process.stop()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()

    def flush(self) -> None:
        """Empty it, as FLUSHALL does."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        once = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(self.url, socket_timeout=1.0, retry=once) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False
