"""A real Redis server on a loopback port with a folder of its own."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services.certificates import Authority, Pair
from tests.services.ports import free_port
from tests.services.process import ChildProcess
from tests.services.programs import require


class RedisServer:
    """redis-server without persistence, unless `persistent`; `start` again keeps the port.

    With a `password` clients must give it; `unix_socket` is the path of a second door. With an
    `authority` it speaks TLS only, and with `known_clients` to those it signed. `options` are
    lines of redis.conf, such as `maxmemory`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str = "",
        persistent: bool = False,
        unix_socket: Path | None = None,
        authority: Authority | None = None,
        known_clients: bool = False,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.password = password
        self.unix_socket = unix_socket
        self._persistent = persistent
        self._authority = authority
        self._known_clients = known_clients
        self._own: Pair | None = None
        self._options = dict(options or {})
        self._process = ChildProcess("redis-server", folder / "redis.log")

    @property
    def url(self) -> str:
        """The URL clients connect to, with password and certificates where they are needed."""
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        place = f"{login}127.0.0.1:{self.port}/0"
        if self._authority is None:
            return f"redis://{place}"
        files = {"ssl_ca_certs": str(self._authority.certificate)}
        if self._known_clients:
            client = self._authority.pair("client")
            files |= {"ssl_certfile": str(client.certificate), "ssl_keyfile": str(client.key)}
        return f"rediss://{place}?{urlencode(files)}"

    @property
    def running(self) -> bool:
        """Whether the server's process runs."""
        return self._process.running

    def start(self) -> None:
        """Run it and return when it answers PING; raises ServiceMissing or ServiceFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [require("redis-server"), "--bind", "127.0.0.1"]
        command += [*self._door(), "--dir", self.folder, "--daemonize", "no"]
        command += ["--save", "", "--appendonly", "yes" if self._persistent else "no"]
        if self.unix_socket:
            command += ["--unixsocket", self.unix_socket]
        if self.password:
            command += ["--requirepass", self.password]
        for name, value in self._options.items():
            command += [f"--{name}", value]
        self._process.start(command, ready=self._answers)

    def freeze(self) -> None:
        """Stop its process: connections stay, nothing answers."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    def _door(self) -> list[str | Path]:
        if self._authority is None:
            return ["--port", str(self.port)]
        if self._own is None:
            self._own = self._authority.pair("server")
        clients = "yes" if self._known_clients else "no"
        return [
            *("--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", clients),
            *("--tls-cert-file", self._own.certificate, "--tls-key-file", self._own.key),
            *("--tls-ca-cert-file", self._authority.certificate),
        ]

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
