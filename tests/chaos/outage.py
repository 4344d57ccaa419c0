"""An outage that nobody who trains may notice: trainings are watched meanwhile, and judged after.

``NOTICING`` are conditions under which a silent peer is found out within about six seconds instead
of half a minute, so that a row need not wait longer; runners say that they live every half second.
"""

from typing import TypedDict

import msgspec

from tests.chaos.oracle import truth_lines
from tests.chaos.processes import Processes


class Conditions(TypedDict, total=False):
    """Of those in `tests.chaos.altered`, what the rows share."""

    CHAOS_BROKER_SECONDS: str
    CHAOS_HEARTBEAT_SECONDS: str
    CHAOS_LEASE_SECONDS: str
    CHAOS_PRESENT_SECONDS: str


NOTICING = Conditions(CHAOS_BROKER_SECONDS="1", CHAOS_HEARTBEAT_SECONDS="0.5")
PAUSE_SECONDS = 2.0
"""A training that reports every 50 ms on a busy machine is not late by more."""

_reports = msgspec.msgpack.Decoder(list[tuple[int, float, dict[str, float]]])


def leased(seconds: float) -> Conditions:
    """Conditions under which a trial is lost after so much silence of its runner, to a runner that
    was silent for less."""
    return Conditions(
        **NOTICING, CHAOS_LEASE_SECONDS=str(seconds), CHAOS_PRESENT_SECONDS=str(seconds / 2)
    )


async def begin(fleet: Processes, trials: int) -> None:
    """Returns when so many more trainings have begun, so that there is time before they end."""

    def begun() -> int:
        found = fleet.rows("SELECT count(started) FROM attempt")
        return int(found[0][0]) if found else 0

    enough = begun() + trials
    await fleet.until(lambda: begun() >= enough, f"{trials} trainings begin")


async def trains_on(fleet: Processes, reports: int = 20) -> None:
    """Returns when so many more lines of truth are written."""
    enough = len(truth_lines(fleet.truth)) + reports
    await fleet.until(lambda: len(truth_lines(fleet.truth)) >= enough, "training goes on", 20.0)


def unbroken(fleet: Processes) -> None:
    """No training paused, and none was begun again."""
    held_its_trial(fleet)
    pause = longest_pause(fleet)
    fleet.arena.expect_prompt(pause <= PAUSE_SECONDS, f"a training paused for {pause:.1f} s")


def held_its_trial(fleet: Processes) -> None:
    """No trial was begun again."""
    again = fleet.rows("SELECT count(*) FROM attempt WHERE number > 1")
    fleet.arena.expect(again == [(0,)], f"attempts that were lost: {again}")


def longest_pause(fleet: Processes) -> float:
    """The longest time, in seconds, between two reports of one attempt, as the training told."""
    longest = 0.0
    before: tuple[object, ...] = ()
    last = 0.0
    for *attempt, blob in fleet.rows(
        "SELECT trial, attempt, reports FROM report ORDER BY trial, attempt, seq"
    ):
        for _, seconds, _ in _reports.decode(blob):
            if tuple(attempt) == before:
                longest = max(longest, seconds - last)
            before, last = tuple(attempt), seconds
    return longest
