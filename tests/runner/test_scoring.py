"""What an objective hands over as scores, and how it reaches the database."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trialmq as tq
from orchestrator.reading.results import Results
from orchestrator.reading.verification import verify
from orchestrator.store.scores import joined
from schema.declaration import space_of
from schema.errors import UnknownName, WrongInput
from schema.messages import Assignment, Final, Scored
from schema.scores import SCORES_BYTES, Roles, Scores, clips_from, decode_scores, encode_scores
from schema.study import Limits
from schema.trial import Outcome, TrialState
from tests.runner.scoring_objective import FRAMES, ScoringConfig
from trial_runner.durable_spool import DurableSpool
from trial_runner.recovery import append_result
from trial_runner.result_file import Result
from trial_runner.scoring import check_roles, scores_of
from trial_runner.spool import Spool
from trialmq.choices import SweepChoices
from trialmq.sweep import sweep
from trialmq.sweep_result import SweepResult

OBJECTIVES = Path(__file__).with_name("scoring_objective.py")
ROLES = Roles(threshold="decision.threshold", smoothing="decision.smoothing")


def frames_of(scores: Scores) -> list[tuple[bool, list[float]]]:
    """The clips, as scores."""
    assert scores.clips is not None
    clips = clips_from(scores.clips)
    return [(wanted, [scores.score(level) for level in frames]) for wanted, frames in clips]


def stored(clips: Any = None, labels: Any = None, *streams: tq.ScoredStream) -> Scores:
    return scores_of(ROLES, clips, labels, streams)


@pytest.mark.parametrize(
    "clips",
    [
        torch.tensor([[0.1, 0.2], [0.3, 0.4]], dtype=torch.float64, requires_grad=True),
        np.array([[0.1, 0.2], [0.3, 0.4]]),
        [[0.1, 0.2], (0.3, 0.4)],
        [torch.tensor([0.1, 0.2], dtype=torch.float64), np.array([0.3, 0.4])],
    ],
    ids=["tensor", "array", "lists", "mixed"],
)
def test_tensors_arrays_and_lists_are_the_same_to_it(clips: Any) -> None:
    expected = [(True, [0.1, 0.2]), (False, [0.3, 0.4])]
    assert frames_of(stored(clips, torch.tensor([1, 0]))) == expected


def test_a_clip_may_be_a_single_score_and_clips_of_several_lengths() -> None:
    assert frames_of(stored(np.array([0.1, 0.2]), [1, 0])) == [(True, [0.1]), (False, [0.2])]
    assert frames_of(stored([[0.1], [0.2, 0.3]], [1, 0])) == [(True, [0.1]), (False, [0.2, 0.3])]


def test_scores_that_are_no_probabilities_keep_their_range() -> None:
    scores = stored([[-3.0, 1.0], [5.0]], [0, 1])
    assert (scores.lowest, scores.highest) == (-3.0, 5.0)
    assert frames_of(scores) == [(False, [-3.0, 1.0]), (True, [5.0])]
    assert stored([2.0], [1]).highest > 2.0


def test_a_stream_is_as_long_as_its_frames_unless_it_says_more() -> None:
    stream = tq.ScoredStream(scores=torch.zeros(20), hertz=10, events=np.array([[3.0, 4.0]]))
    [kept] = stored(None, None, stream).streams
    assert (kept.seconds, kept.start, kept.events) == (2.0, 0.0, ((3.0, 4.0),))
    longer = tq.ScoredStream(scores=[0.5], hertz=10, start=0.1, seconds=np.float64(7.5))
    assert stored(None, None, longer).streams[0].seconds == 7.5


@pytest.mark.parametrize(
    ("clips", "labels", "streams", "why"),
    [
        ([0.1], [1, 0], (), "1 clips, and 2 labels"),
        ([float("nan")], [1], (), "NaN or infinite"),
        (["loud"], [1], (), "no number"),
        (None, None, (), "there is no score"),
        (0.5, [1], (), "should be a tensor or a list, not float"),
        (None, None, [tq.ScoredStream(scores=[0.1], hertz=0)], "how many scores a second"),
        (None, None, [tq.ScoredStream(scores=[0.1], hertz=1, events=[1.0])], "from and until"),
        ([0.1], [1], [tq.ScoredStream(scores=[], hertz=1)], "without a frame"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(
    clips: Any, labels: Any, streams: Any, why: str
) -> None:
    with pytest.raises(WrongInput, match=why):
        scores_of(ROLES, clips, labels, streams)


def test_roles_are_variables_of_the_right_kind() -> None:
    space = space_of(ScoringConfig)
    check_roles(ROLES, space, space.defaults())
    with pytest.raises(UnknownName, match=r"decision\.threshold"):
        check_roles(Roles(threshold="decision.treshold"), space, space.defaults())
    with pytest.raises(WrongInput, match="a whole number of frames"):
        words = Roles(threshold="decision.threshold", smoothing="decision.name")
        check_roles(words, space, space.defaults())


def test_too_many_clips_are_thinned_evenly_and_too_long_streams_cut_off() -> None:
    labels = [number % 4 == 0 for number in range(12_000)]
    clips = [[float(label)] * 400 for label in labels]
    stream = tq.ScoredStream(
        scores=[0.5] * 1_500_000, hertz=100, events=[[1.0, 2.0], [14_000.0, 14_001.0]]
    )
    scores = stored(clips, labels, stream)
    assert len(encode_scores(scores)) <= SCORES_BYTES
    assert scores.clips is not None
    kept = scores.clips.wanted
    assert len(kept) + scores.clips.left_out == 12_000
    assert abs(sum(kept) / len(kept) - 0.25) < 0.01
    assert all(set(frames) == {float(wanted)} for wanted, frames in frames_of(scores))
    [cut] = scores.streams
    assert cut.seconds == len(cut.frames) / 2 / 100
    assert cut.events == ((1.0, 2.0),)


# ---------------------------------------------------------------------- on its way


async def swept(database: Path, function: str) -> SweepResult:
    """Two trials of an objective."""
    choices = SweepChoices(
        objective=f"{OBJECTIVES}:{function}",
        database=database,
        runners=2,
        sampler="random",
        limits=Limits(trials=2),
    )
    return await sweep(choices, lambda picture: None)


async def test_scores_reach_the_database_in_parts_and_the_last_count(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    result = await swept(database, "train")
    assert [trial.state for trial in result.trials] == [TrialState.COMPLETE] * 2
    async with Results.open(database) as results:
        for trial in result.trials:
            found = frames_of(decode_scores(await results.scores(trial)))
            assert found[0] == (True, [(trial.number + 1) / 10] * FRAMES)
            assert found[1:] == [(False, [0.1] * FRAMES)] * 999
    verification, _ = await verify(database)
    assert verification.violations == ()


async def test_a_wrong_name_fails_the_trial_with_a_sentence(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    for trial in (await swept(database, "wrong")).trials:
        assert trial.state is TrialState.FAILED
        assert "did you mean 'decision.threshold'" in trial.reason
        async with Results.open(database) as results:
            with pytest.raises(WrongInput, match=r"trial\.store_scores"):
                await results.scores(trial)


async def test_scores_of_a_pruned_trial_are_kept(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    for trial in (await swept(database, "gives_up")).trials:
        assert trial.state is TrialState.PRUNED
        async with Results.open(database) as results:
            assert frames_of(decode_scores(await results.scores(trial))) == [(True, [0.5])]


def parts(*texts: bytes, of: int | None = None) -> list[Scored]:
    return [Scored(part=n, parts=of or len(texts), data=t) for n, t in enumerate(texts, 1)]


def test_scores_count_that_are_complete_and_came_last() -> None:
    def together(*scored: Scored) -> bytes | None:
        return joined((each.part, each.parts, each.data) for each in scored)

    first, second = parts(b"a", b"b"), parts(b"c", b"d", b"e")
    assert together(*first) == b"ab"
    assert together(first[0]) is None
    assert together(*first, *second) == b"cde"
    assert together(*first, *second[:2]) == b"ab"
    assert together(*first[:1], *second) == b"cde"
    assert together(first[0], *first) == b"ab"
    assert together(second[0], second[2]) is None


def assignment(boot: str) -> Assignment:
    return Assignment(
        trial=1, attempt=1, study="s", number=0, objective="o", values={}, seed=0, boot=boot
    )


def test_a_result_that_outlived_its_runner_brings_the_scores() -> None:
    spool = Spool(boot="b")
    lease = spool.accept(assignment("b"))
    assert lease is not None
    spool.append(lease, parts(b"a", b"b")[0])  # what had come before the runner died
    final = Final(outcome=Outcome.COMPLETE)
    append_result(spool, lease, Result(final=final, batches=0, tail=[], scores=parts(b"a", b"b")))
    bodies = [record.body for record in lease.records]
    assert bodies[-1] == final
    scored = [(b.part, b.parts, b.data) for b in bodies if isinstance(b, Scored)]
    assert joined(scored) == b"ab"


async def test_where_room_is_short_it_is_for_results(tmp_path: Path) -> None:
    spool = DurableSpool(tmp_path / "spool", capacity_bytes=4096)
    lease = spool.accept(assignment(spool.boot))
    assert lease is not None
    assert spool.append(lease, parts(b"x" * 3500)[0]) is not None
    assert spool.append(lease, parts(b"y")[0]) is None
    assert spool.append(lease, Final(outcome=Outcome.COMPLETE)) is not None
    assert await spool.stored()
    spool.close()


@pytest.fixture(autouse=True)
def elsewhere_than_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sweep leaves lies in the test's directory."""
    monkeypatch.chdir(tmp_path)
