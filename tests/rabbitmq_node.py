"""A RabbitMQ node of our own: private ports, files, cookie and epmd; any user may run it.

It is started from the files that the system's package installed, but shares nothing with a node of
the system, and is gone at the end with all that it wrote. What a test wants to happen to a broker
is a method: `stop`, `kill`, `start`, `wipe`, `freeze`, and ``ctl`` for the rest. All of them block;
in a coroutine call them by ``asyncio.to_thread``.
"""

import base64
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.certificates import Certificates

INSTALLED = Path("/usr/lib/rabbitmq/lib")
START_SECONDS = 60.0
STOP_SECONDS = 20.0

_random = random.SystemRandom()  # not the one that a test may have seeded

# fmt: off
NEEDED_APPLICATIONS = [
    "accept", "aten", "base64url", "credentials_obfuscation", "cuttlefish", "enough",
    "gen_batch_server", "getopt", "jsx", "observer_cli", "osiris", "prometheus",
    "quantile_estimator", "ra", "rabbit", "rabbit_common", "rabbitmq_prelaunch", "ranch",
    "recon", "seshat", "stdout_formatter", "syslog", "sysmon_handler", "systemd",
    "amqp_client", "amqp10_common",
]
# fmt: on
"""What RabbitMQ 3.10 loads without any plugin; leaving out the rest halves the time to start."""


def installed_home() -> Path | None:
    """Where the newest installed RabbitMQ server is; None when there is none."""
    return max(INSTALLED.glob("rabbitmq_server-*"), default=None)


class RabbitMQNode:
    """One node; a context manager that has it running inside and leaves nothing behind.

    Users (the password is the name): ``guest`` may do everything in the virtual host ``/``;
    ``gpu1`` what a runner of that name may.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self._folder = folder
        self._home = _slim(home, folder / "slim")
        self.port, self.tls_port, dist, epmd = free_ports(4)
        self.certificates = Certificates(folder)
        self._name = f"trialmq{self.port}@localhost"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd),
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
        }
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "definitions.json").write_text(json.dumps(DEFINITIONS))
        (folder / "rabbitmq.conf").write_text(self._configuration())

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._run("epmd", "-kill", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Running and answering on return; what was stored before is there."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._home / "sbin" / "rabbitmq-server"],
                env=self._environment | {"detached": "1"},  # so that this process is the node
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._folder / "output").read_text("utf-8", "replace")
                raise RuntimeError(f"the RabbitMQ node did not start:\n{log[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ended in order; killed if it takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ended at once, as by a power failure but for what the system had still to write."""
        self._end(signal.SIGKILL)

    def wipe(self) -> None:
        """A stopped node has lost all that it stored."""
        assert self._process is None, "it is stopped first"
        shutil.rmtree(self._folder / "data")

    def freeze(self) -> None:
        """It answers nothing, and its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ctl(self, *arguments: str) -> str:
        """What ``rabbitmqctl`` prints; about 0.7 s."""
        ctl = str(self._home / "sbin" / "rabbitmqctl")
        return self._run(ctl, "-q", "-n", self._name, *arguments, check=True)

    def _run(self, *command: str, check: bool) -> str:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
        return done.stdout

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return is_start(probe.recv(8))
        return False

    def _configuration(self) -> str:
        files = self.certificates
        return f"""
            listeners.tcp.1 = 127.0.0.1:{self.port}
            listeners.ssl.1 = 127.0.0.1:{self.tls_port}
            ssl_options.cacertfile = {files.authority}
            ssl_options.certfile = {files.server.certificate}
            ssl_options.keyfile = {files.server.key}
            ssl_options.verify = verify_peer
            ssl_options.fail_if_no_peer_cert = true
            loopback_users = none
            disk_free_limit.absolute = 50MB
            vm_memory_high_watermark.absolute = 512MB
            load_definitions = {self._folder / "definitions.json"}
        """


def is_start(answer: bytes) -> bool:
    """Whether a broker answers, and not somebody else who has its port: a method frame, channel 0.

    AMQP 0-9-1, section 4.2.3: type 1, then the channel in two bytes.
    """
    return answer.startswith(b"\x01\x00\x00")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that the system gives to nobody who asks for any port.

    So they are still free when a node starts there, and when it comes back after it was down.
    """
    ports: set[int] = set()
    while len(ports) < count:
        port = _random.randrange(10_000, _first_ephemeral_port())
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.add(port)
    return list(ports)


def _first_ephemeral_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return 32_768


def _slim(home: Path, slim: Path) -> Path:
    """A home with only what is needed, for the version for which that is known."""
    if not home.name.startswith("rabbitmq_server-3.10."):
        return home
    (slim / "plugins").mkdir(parents=True)
    for part in ("sbin", "escript"):
        shutil.copytree(home / part, slim / part)
    for name in NEEDED_APPLICATIONS:
        [application] = (home / "plugins").glob(f"{name}-[0-9]*")
        (slim / "plugins" / application.name).symlink_to(application)
    return slim


def _user(name: str, tags: str = "") -> dict[str, str]:
    salt = b"salt"
    digest = hashlib.sha256(salt + name.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": tags,
    }


def _permission(user: str, configure: str, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": "/", "configure": configure, "write": write, "read": read}


DEFINITIONS: dict[str, Any] = {
    "users": [_user("guest", "administrator"), _user("gpu1")],
    "vhosts": [{"name": "/"}, {"name": "closed"}],
    "permissions": [
        _permission("guest", ".*", ".*", ".*"),
        _permission("gpu1", "^$", r"^tmq\.up$", r"^tmq\.main\.r\.gpu1$"),
    ],
    "topic_permissions": [
        {
            "user": "gpu1",
            "vhost": "/",
            "exchange": "tmq.up",
            "write": r"^r\.gpu1\.tmq\.main\.runners$",
            "read": "^$",
        }
    ],
    "queues": [],
    "exchanges": [],
    "bindings": [],
}
