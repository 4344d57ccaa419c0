"""The protocol holds in every simulated world, and a protocol with a part taken out does not."""

import os
from collections import Counter
from collections.abc import Callable

import pytest

from tests.protocol import mutants
from tests.protocol.world import World

Patch = pytest.MonkeyPatch
WORLDS = int(os.environ.get("TRIALMQ_WORLDS", "200"))
"""In each test run; `make soak` asks for 20,000."""

ENOUGH_FOR_A_MUTANT = 60
EVERY_RUN_SHOULD_SEE = [
    "orchestrator killed",
    "orchestrator deposed",
    "frozen",
    "runner",
    "partition",
    "broker",
    "complete",
    "pruned",
    "failed",
    "waits again",
    "lease expired",
    "lease renewed",
    "complete although it was to be pruned",
    "late results that were kept",
    "poison",
]


@pytest.mark.parametrize("first", range(0, WORLDS, 50))
def test_every_trial_ends_and_counts_once_whatever_is_lost_or_killed(first: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first, first + 50):
        world = World.run(seed)
        assert world.violations == [], f"in world {seed}"
        seen += world.seen
    assert [what for what in EVERY_RUN_SHOULD_SEE if not seen[what]] == []


def test_a_world_is_the_same_each_time() -> None:
    first, second = World.run(3), World.run(3)
    assert first.truth.reports == second.truth.reports
    assert first.seen == second.seen


# ---------------------------------------------------------------------- parts taken out


@pytest.mark.parametrize(
    "take_out",
    [
        mutants.no_fencing,
        mutants.no_deduplication,
        mutants.no_gap_check,
        mutants.acknowledged_before_the_commit,
        mutants.acknowledged_unseen,
        mutants.sent_once,
        mutants.ends_keep_their_number,
        mutants.any_assignment_accepted,
        mutants.no_term,
        mutants.no_expiry,
        mutants.granted_without_a_new_number,
        mutants.taken_back_from_another,
        mutants.repeated_assignments_are_run_again,
        mutants.prunes_are_final,
    ],
)
def test_the_worlds_notice_when_a_part_of_the_protocol_is_missing(
    take_out: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    take_out(monkeypatch)
    assert any(World.run(seed).violations for seed in range(ENOUGH_FOR_A_MUTANT))
