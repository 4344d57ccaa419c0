"""What `benchmarks.live` measures on a larger scale is true: racing edits agree, all is seen."""

from pathlib import Path

from benchmarks.live import follow, race
from schema.events import EventKind

LIFE = [EventKind.CREATED, EventKind.LEASED, EventKind.RUNNING, EventKind.COMPLETE]


async def test_after_racing_edits_the_database_the_clients_and_the_training_agree(
    tmp_path: Path,
) -> None:
    raced = await race(tmp_path / "live.db", 100)
    assert raced.made == 100
    assert raced.clients == [raced.database] * 4
    assert raced.training == raced.database


async def test_who_follows_a_study_of_real_trainings_sees_all_of_it(tmp_path: Path) -> None:
    seen = await follow(tmp_path / "live.db", 20)
    assert seen.complete
    for number in range(20):
        assert [e.kind for e in seen.told if e.trial == number] == LIFE
        assert len(seen.told_curves[number]) == 100
