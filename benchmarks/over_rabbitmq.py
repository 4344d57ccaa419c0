"""A fleet for a benchmark: a private RabbitMQ node, and the real commands on it.

`trialmq serve` (every commit synced to the disk) and `trialmq runner`s (with durable spools) are
processes of their own, as in a deployment; a study is created by a client, and read from the
database when it is done. The processor time of the processes is read from ``/proc``.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

import trialmq
from orchestrator.client.client import Client
from schema.pruning import PrunerSettings
from schema.study import Limits
from tests.rabbitmq_node import RabbitMQNode, installed_home
from trialmq.choices import SweepChoices
from trialmq.following import Following

ROOT = Path(__file__).parents[1]
READY_SECONDS, STUDY_SECONDS = 60.0, 300.0
TICKS = os.sysconf("SC_CLK_TCK")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One study: its trials' metrics, and seconds from the first lease to the last end.

    Processor seconds are those of the orchestrator, of the runners with their slots, and of the
    broker, from the creation of the study until its end was seen.
    """

    trials: int
    reports: int
    seconds: float
    metrics: list[dict[str, float]]
    orchestrator_cpu: float
    runners_cpu: float
    broker_cpu: float

    def cpu_per_trial(self) -> str:
        """Milliseconds a trial, as one line of text."""
        parts = (self.orchestrator_cpu, self.runners_cpu, self.broker_cpu)
        orchestrator, runners, broker = (1e3 * part / self.trials for part in parts)
        return (
            f"CPU ms/trial: orchestrator {orchestrator:.2f}, runners {runners:.2f}, "
            f"broker {broker:.2f}"
        )


@contextmanager
def private_node() -> Iterator[RabbitMQNode]:
    """A node of our own, which is gone at the end; without an installed one, exit code 2."""
    home = installed_home()
    if home is None:
        print("rabbitmq-server is not installed: `make rabbitmq` does it", file=sys.stderr)
        sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the node would outlive us
    with RabbitMQNode(home, Path(tempfile.mkdtemp(prefix="trialmq-node-"))) as node:
        yield node


@contextmanager
def command(url: str, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of ours, ended at the end; one that ended by itself tells why."""
    environment = os.environ | {"TRIALMQ_BROKER_URL": url, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "trialmq", *words]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(arguments, env=environment, stderr=said)
        try:
            yield process
        finally:
            if process.poll() not in (None, -signal.SIGKILL):
                said.seek(0)
                print(f"{' '.join(words)} ended:\n{said.read().decode()}", file=sys.stderr)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def measured(
    node: RabbitMQNode, objective: str, trials: int, pruner: str = "median", runners: int = 2
) -> Run:
    """One study of ``trials`` on an orchestrator and runners that were started for it."""
    entry = f"benchmarks.objectives:{objective}"
    url = url_of(node)
    name = f"bench{time.monotonic_ns()}"  # its own queues, on a node that is used again
    parameters: dict[str, int | float | bool | str] = {}
    if pruner == "threshold":
        parameters["upper"] = 1e6
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database = Path(folder) / "bench.db"
        serve = ("serve", "--quiet", "--name", name, "--db", str(database))
        service = stack.enter_context(command(url, *serve))
        hosts = []
        for index in range(runners):
            place = ("--name", f"r{index}", "--state-dir", f"{folder}/r{index}", "--slots", "1")
            words = ("runner", "--quiet", "--allow", entry, "--orchestrator", name, *place)
            hosts.append(stack.enter_context(command(url, *words, "--devices", "cpu")))
        choices = SweepChoices(
            objective=entry,
            study="bench",
            sampler="random",
            limits=Limits(trials=trials),
            pruner=PrunerSettings(pruner=pruner, parameters=parameters),
        )
        groups = ([service.pid], [host.pid for host in hosts], [broker_pid()])
        spent = asyncio.run(_study(url, name, choices, runners, groups))
        return _read(database, trials, spent)


async def _study(
    url: str, name: str, choices: SweepChoices, runners: int, groups: tuple[list[int], ...]
) -> list[float]:
    """Create the study when all is ready, wait for its end: the processor seconds it took."""
    async with trialmq.connect(url, orchestrator=name, deadline=30) as client:
        await _present(client, runners)
        before = [cpu_seconds(*group) for group in groups]
        async with asyncio.timeout(STUDY_SECONDS):
            study = await Following.begin(client, choices)
            await study.until_done()
        return [cpu_seconds(*group) - b for group, b in zip(groups, before, strict=True)]


async def _present(client: Client, count: int) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while len(await client.runners()) < count:  # noqa: ASYNC110 - it is not told by events
            await asyncio.sleep(0.1)


def _read(database: Path, trials: int, spent: list[float]) -> Run:
    with closing(sqlite3.connect(database)) as db:
        metrics = db.execute("SELECT metrics FROM trial WHERE metrics NOT NULL").fetchall()
        first, last, reports, count = db.execute(
            "SELECT (SELECT min(granted) FROM attempt), max(ended), sum(reports), count(*) "
            "FROM trial WHERE state IN ('complete', 'pruned')"
        ).fetchone()
    assert count == trials, f"{count} of {trials} trials ended"
    return Run(
        trials=count,
        reports=reports,
        seconds=last - first,
        metrics=[msgspec.json.decode(text, type=dict[str, float]) for (text,) in metrics],
        orchestrator_cpu=spent[0],
        runners_cpu=spent[1],
        broker_cpu=spent[2],
    )


def url_of(node: RabbitMQNode) -> str:
    """The node, as the user who may do everything."""
    return f"amqp://guest:guest@127.0.0.1:{node.port}/"


# ---------------------------------------------------------------------- /proc


def broker_pid() -> int:
    """The one process of this one's that runs Erlang."""
    [pid] = [pid for pid, name in _family(os.getpid()).items() if name.startswith("beam")]
    return pid


def cpu_seconds(*pids: int) -> float:
    """Processor seconds that these processes and their children used so far."""
    ticks = 0
    for pid in pids:
        for member in _family(pid):
            used = _stat(member)[11:15]  # user, system, and both of children that ended
            ticks += sum(map(int, used))
    return ticks / TICKS


def _family(pid: int) -> dict[int, str]:
    """A process and all that descend from it, with their names."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        member = waiting.pop()
        found[member] = _name(member)
        waiting += parents.get(member, [])
    return found


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` from the state on; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
