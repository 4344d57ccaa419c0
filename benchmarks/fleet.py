"""What does one orchestrator bear? So many simulated runners over a private RabbitMQ node.

Each sends a heartbeat every five seconds and reports of its one running trial; the orchestrator is
a real `trialmq serve`, killed by signal 9 in the end and started again. Measured are its processor
time and memory, how long a record takes from its runner to the orders that say that it is stored,
and how long a new orchestrator takes until it knows all runners again. The simulation needs
processor time of its own, which is shown beside.

    python -m benchmarks.fleet [--runners 200] [--report-seconds 1] [--seconds 30] [--json FILE]
"""

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

import trialmq
from benchmarks.measuring import loaded, show, write_json
from benchmarks.over_rabbitmq import broker_pid, command, cpu_seconds, private_node, url_of
from benchmarks.simulated_runners import OFFER, SimulatedRunners
from orchestrator.client.client import Client, NoAnswer
from schema.commands.runners import Presence
from schema.pruning import PrunerSettings
from schema.study import Limits, StudySettings, StudySpec
from trialmq.connecting import address_of

PATIENCE_SECONDS = 180.0
SPEC = StudySpec(
    name="fleet",
    objective=OFFER,
    sampler="random",
    settings=StudySettings(pruner=PrunerSettings(pruner="median"), limits=Limits(trials=10**6)),
)


class Burden(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; processor use in cores, times in seconds, memory in MiB."""

    runners: int
    records: float  # a second, stored
    orchestrator: float
    simulation: float
    broker: float
    memory: float
    latency_median: float
    latency_p99: float
    known_at_first: float
    known_again: float


async def measure(
    url: str, folder: str, runners: int, report_seconds: float, seconds: int
) -> Burden:
    """One fleet from its start to the restart of its orchestrator."""
    address = address_of(url, option="", private=True)
    words = ("serve", "--quiet", "--db", f"{folder}/fleet.db")
    with ExitStack() as stack:
        service = stack.enter_context(command(url, *words))
        async with trialmq.connect(url, deadline=PATIENCE_SECONDS) as client:
            began = await known(client, 0)  # it serves
            async with SimulatedRunners(address, runners, report_seconds) as fleet:
                known_at_first = await known(client, runners) - began
                await client.create_study(SPEC)
                await asyncio.sleep(2 * report_seconds + 5)
                broker = broker_pid()
                start, before = time.monotonic(), _processor_seconds(service.pid, broker)
                await asyncio.sleep(seconds)
                end, after = time.monotonic(), _processor_seconds(service.pid, broker)
                used = [(b - a) / (end - start) for a, b in zip(before, after, strict=True)]
                latencies = fleet.latencies(start, end)
                memory = resident_mib(service.pid)
                service.kill()
                service.wait()
                killed = time.monotonic()
                stack.enter_context(command(url, *words))
                known_again = await known(client, runners) - killed
    if not latencies:
        raise SystemExit("no record was stored in the time that was measured")
    return Burden(
        runners=runners,
        records=len(latencies) / (end - start),
        orchestrator=used[0],
        broker=used[1],
        simulation=used[2],
        memory=memory,
        latency_median=latencies[len(latencies) // 2],
        latency_p99=latencies[int(len(latencies) * 0.99)],
        known_at_first=known_at_first,
        known_again=known_again,
    )


def _processor_seconds(service: int, broker: int) -> list[float]:
    return [cpu_seconds(service), cpu_seconds(broker), time.process_time()]


async def known(client: Client, count: int) -> float:
    """The moment when the orchestrator has heard of so many runners since it started."""
    until = time.monotonic() + PATIENCE_SECONDS
    live = 0
    while time.monotonic() < until:
        try:
            runners = await client.runners()
        except NoAnswer:
            continue
        live = sum(runner.presence is Presence.LIVE for runner in runners)
        if live >= count:
            return time.monotonic()
        await asyncio.sleep(0.1)
    raise SystemExit(f"only {live} of {count} runners were live after {PATIENCE_SECONDS:g} s")


def resident_mib(pid: int) -> float:
    """The memory of a process, as it is in use now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runners", type=int, default=200)
    parser.add_argument("--report-seconds", type=float, default=1.0)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with private_node() as node, tempfile.TemporaryDirectory() as folder:
        measuring = measure(
            url_of(node), folder, given.runners, given.report_seconds, given.seconds
        )
        found = asyncio.run(measuring)
    show(
        f"{found.runners} runners, a heartbeat in 5 s and a report in {given.report_seconds:g} s"
        f" each; {loaded()}",
        ["what", "measured"],
        [
            ["records stored a second", f"{found.records:.0f}"],
            ["cores in use: orchestrator", f"{found.orchestrator:.2f}"],
            ["cores in use: broker", f"{found.broker:.2f}"],
            ["cores in use: the simulation", f"{found.simulation:.2f}"],
            ["orchestrator's memory", f"{found.memory:.0f} MiB"],
            ["record to orders, median", f"{found.latency_median * 1e3:.0f} ms"],
            ["record to orders, 99 %", f"{found.latency_p99 * 1e3:.0f} ms"],
            ["all known at first", f"{found.known_at_first:.1f} s"],
            ["all known after a kill -9 of the orchestrator", f"{found.known_again:.1f} s"],
        ],
    )
    write_json(given.json, found)


if __name__ == "__main__":
    main()
