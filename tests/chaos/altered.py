"""`trialmq` under conditions that no option asks for: ``python -m tests.chaos.altered serve …``.

The command is the user's own, in a process whose world differs as the environment says: a lease
that is short enough to wait for, a clock that steps, a failpoint that sleeps longer, a group that
has little memory, a runner that speaks the next protocol, a death in the middle of a migration.
"""

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


def alter() -> None:
    """Make this process what the environment says."""
    said = os.environ
    if group := said.get(MEMORY_GROUP):
        (Path(group) / "cgroup.procs").write_text(str(os.getpid()))
    if seconds := said.get(LEASE):
        from orchestrator.leases import Leases

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
