"""`trialmq` under conditions that no option asks for: ``python -m tests.chaos.altered serve …``.

The command is the user's own, in a process whose world differs as the environment says: leases and
heartbeats that are short enough to wait for, a clock that steps, a failpoint that sleeps longer, a
group that has little memory, a runner that speaks the next protocol, a death in the middle of a
migration, an event loop that is watched.
"""

import asyncio
import functools
import os
import signal
import sys
import time
from pathlib import Path

from trialmq.cli.main import main

LEASE = "CHAOS_LEASE_SECONDS"
DELAY = "CHAOS_DELAY_SECONDS"
CLOCK = "CHAOS_CLOCK"
"""A file with the seconds by which the wall clock is wrong, read at each look at it."""
MEMORY_GROUP = "CHAOS_MEMORY_GROUP"
PROTOCOL = "CHAOS_PROTOCOL"
MIGRATION = "CHAOS_MIGRATION"
"""After so many statements of a migration the process is killed."""
HEARTBEAT = "CHAOS_HEARTBEAT_SECONDS"
"""How often a runner says that it lives."""
PRESENT = "CHAOS_PRESENT_SECONDS"
"""A runner that was silent for longer is given no trials."""
BROKER = "CHAOS_BROKER_SECONDS"
"""The heartbeat of connections to the broker, and how long an answer of it is waited for."""
LOOP = "CHAOS_LOOP"
"""A file for how long the event loop of a service did not turn, since the file was last removed:
the longest time, and the longest time of computing, in seconds."""
LOOK_SECONDS = 0.005


def alter() -> None:
    """Make this process what the environment says."""
    said = os.environ
    if group := said.get(MEMORY_GROUP):
        (Path(group) / "cgroup.procs").write_text(str(os.getpid()))
    if seconds := said.get(LEASE):
        from orchestrator.engine.leases import Leases

        Leases.__init__.__defaults__ = (float(seconds),)
    if seconds := said.get(DELAY):
        from schema import failpoints

        failpoints.DELAY_SECONDS = float(seconds)
    if file := said.get(CLOCK):
        _step_clock(Path(file))
    if protocol := said.get(PROTOCOL):
        from schema.messages import Hello
        from trial_runner import agent

        setattr(agent, "Hello", functools.partial(Hello, protocol=int(protocol)))  # noqa: B010
    if statements := said.get(MIGRATION):
        _die_in_migration(int(statements))
    if file := said.get(LOOP):
        _watch_loop(Path(file))
    _hurry(said.get(HEARTBEAT), said.get(PRESENT), said.get(BROKER))


def _hurry(heartbeat: str | None, present: str | None, broker: str | None) -> None:
    if heartbeat:
        from trial_runner.settings import RunnerSettings
        from trialmq import hosting

        settings = functools.partial(RunnerSettings, heartbeat_seconds=float(heartbeat))
        setattr(hosting, "RunnerSettings", settings)  # noqa: B010
    if present:
        from orchestrator.service import runners

        runners.PRESENT_SECONDS = float(present)
    if broker:
        from schema.brokers import rabbitmq
        from schema.brokers.amqp.timing import Timing

        seconds = int(broker)
        timing = functools.partial(Timing, heartbeat=seconds, answer=2.0 * seconds)
        setattr(rabbitmq, "Timing", timing)  # noqa: B010


def _watch_loop(file: Path) -> None:
    from orchestrator.service.service import Service

    enter = Service.__aenter__

    async def watched(service: Service) -> Service:
        entered = await enter(service)
        service._jobs.start(_turns(file))
        return entered

    setattr(Service, "__aenter__", watched)  # noqa: B010


async def _turns(file: Path) -> None:
    longest = computed = 0.0
    while True:
        began, computing = time.monotonic(), time.thread_time()
        await asyncio.sleep(LOOK_SECONDS)
        late = time.monotonic() - began - LOOK_SECONDS
        busy = time.thread_time() - computing
        longest, computed = _keep(file, max(late, longest), max(busy, computed))


def _keep(file: Path, longest: float, computed: float) -> tuple[float, float]:
    if not file.exists():
        longest = computed = 0.0
    file.write_text(f"{longest:.4f} {computed:.4f}")
    return longest, computed


def _step_clock(file: Path) -> None:
    right = time.time
    time.time = lambda: right() + float(file.read_text() or 0)


def _die_in_migration(statements: int) -> None:
    from orchestrator.store import database

    complete = database._statements

    def deadly(script: str):  # type: ignore[no-untyped-def]
        for number, statement in enumerate(complete(script)):
            if number == statements:
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement

    database._statements = deadly


if __name__ == "__main__":
    alter()
    sys.exit(main())
