"""Revisions: stale ones refused, all or none in force, everybody of one mind whatever is lost."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine import revisions
from orchestrator.engine.outcomes import past_of
from orchestrator.engine.result_editing import ResultEditing
from schema.errors import Conflict, InvalidValue, UnknownName, WrongInput
from schema.messages import Final
from schema.revision import RevisionState
from schema.study import StudyKind
from schema.trial import Outcome, TrialState
from tests.orchestrator.live_world import BAD_WIDTH, SPACE, SPEC, Client, LiveWorld, startable


def running() -> LiveWorld:
    """A session that trains."""
    world = LiveWorld(0)
    world.calm()
    assert world.trial.state is TrialState.RUNNING
    return world


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), happenings=st.integers(20, 250))
def test_store_orchestrator_and_training_agree_whatever_the_network_does(
    seed: int, happenings: int
) -> None:
    world = LiveWorld(seed)
    clients = [Client(f"client-{n}", looks=n % 2 == 0) for n in range(4)]
    for _ in range(happenings):
        world.something_happens(clients)
    world.calm()
    trial, training = world.trial, world.training
    assert training is not None
    assert training.edits.values == trial.config == world.stored_config
    assert training.edits.config.c == training.c == trial.config["c"]
    assert training.edits.revision == trial.revision
    assert training.applied == sorted(set(training.applied)), "each once, in order"
    assert {r.number: r for r in trial.revisions} == world.stored
    assert sorted(world.stored) == list(range(1, len(world.stored) + 1))
    states = Counter(revision.state for revision in trial.revisions)
    assert states[RevisionState.SENT] == 0
    number, newest = revisions.head(trial)
    live = [variable.path for variable in SPACE.variables if variable.live]
    assert {path: newest[path] for path in live} == {path: trial.config[path] for path in live}
    if number and trial.revisions[number - 1].state is RevisionState.APPLIED:
        assert trial.revision == number
    assert startable(trial.config)
    waiting = {path for revision in trial.revisions for path in revision.pending}
    assert waiting or newest == trial.config


def test_of_clients_that_looked_at_the_same_revision_one_wins_and_the_rest_see_why() -> None:
    world = running()
    assert world.edit(0, {"a": 0.1, "b": 0.2}, "alice") == 1
    with pytest.raises(Conflict) as late:
        world.edit(0, {"a": 0.9}, "bob")
    sentence = "revision 0 is old, the newest is 1; changed since: a 0.5 → 0.1, b 0.5 → 0.2"
    assert str(late.value) == sentence
    world.calm()
    assert world.trial.config["a"] == 0.1


def test_a_refused_revision_is_no_base_for_the_next() -> None:
    world = running()
    world.edit(None, {"a": 0.1, "c": 0.95}, "alice")
    world.calm()
    assert [r.state for r in world.trial.revisions] == [RevisionState.REFUSED]
    assert world.trial.revisions[0].reason == "c: it would diverge"
    assert world.trial.config == SPACE.defaults()
    with pytest.raises(Conflict, match="revision 1 was refused, the newest is 0"):
        world.edit(1, {"a": 0.2}, "alice")
    assert world.edit(0, {"a": 0.2}, "alice") == 2
    world.calm()
    assert (world.trial.config["a"], world.trial.config["c"]) == (0.2, 0.5)


def test_undoing_brings_the_old_values_back_unless_they_were_changed_since() -> None:
    world = running()
    world.edit(None, {"a": 0.1, "b": 0.1}, "alice")
    world.edit(None, {"b": 0.2}, "bob")
    with pytest.raises(Conflict, match=r"b was changed again since revision 1: it is 0.2 in revis"):
        revisions.undoing(world.trial, 1)
    assert revisions.undoing(world.trial, 2) == {"b": 0.1}
    world.edit(None, {"b": 0.1}, "alice")
    assert revisions.undoing(world.trial, 1) == {"a": 0.5, "b": 0.5}
    with pytest.raises(UnknownName):
        revisions.undoing(world.trial, 9)


def test_what_is_not_live_waits_for_a_restart_and_what_is_takes_effect_at_once() -> None:
    world = running()
    world.edit(None, {"width": 8}, "alice")
    world.edit(None, {"a": 0.1, "width": 16}, "alice")
    world.calm()
    first, second = world.trial.revisions
    assert (first.state, first.reason) == (RevisionState.REFUSED, revisions.REPLACED)
    assert (second.state, second.pending) == (RevisionState.APPLIED, ("width",))
    assert (world.trial.config["a"], world.trial.config["width"]) == (0.1, 4)

    turn = world.turn()
    world.engine.editing.restart(world.trial, "", turn.moment, turn.changes)
    world.complete(turn)
    assert world.training is not None
    world.spool.append(world.training.lease, Final(outcome=Outcome.STOPPED, revision=2))
    world.calm()
    assert world.trial.attempt == 2
    assert world.trial.config["width"] == 16
    [_, now] = world.trial.revisions
    assert (now.state, now.pending) == (RevisionState.APPLIED, ())
    assert now.effect("a") == second.effect("a"), "it keeps the step at which it took effect"
    assert now.effect("a").step is not None
    assert now.effect("width")[:3] == (RevisionState.APPLIED, 2, None)
    assert {r.number: r for r in world.trial.revisions} == world.stored


def test_an_attempt_that_cannot_begin_with_the_newest_revision_begins_with_the_one_before() -> None:
    world = running()
    world.edit(None, {"a": 0.1, "width": 8}, "alice")
    world.edit(None, {"width": BAD_WIDTH}, "bob")
    world.calm()
    world.start_runner()
    world.calm()
    good, bad = world.trial.revisions
    assert (world.trial.state, world.trial.attempt) == (TrialState.RUNNING, 2)
    assert (good.pending, good.effect("a").attempt, good.effect("width").attempt) == ((), 1, 2)
    assert (bad.state, bad.reason) == (RevisionState.REFUSED, f"no width of {BAD_WIDTH}")
    assert (world.trial.config["width"], revisions.head(world.trial)[0]) == (8, 1)


def test_of_a_revision_that_is_in_force_in_part_the_rest_may_be_refused() -> None:
    world = running()
    world.edit(None, {"a": 0.1, "width": BAD_WIDTH}, "alice")
    world.calm()
    world.start_runner()
    world.calm()
    [partly] = world.trial.revisions
    assert (partly.state, partly.dropped, partly.pending) == (RevisionState.APPLIED, ("width",), ())
    assert world.trial.config == partly.values == SPACE.defaults() | {"a": 0.1}
    world.start_runner()
    world.calm()
    assert (world.trial.attempt, world.trial.revisions) == (3, [partly])


def test_what_waits_in_several_revisions_is_refused_with_the_newest_that_holds_it() -> None:
    world = running()
    world.edit(None, {"width": 8}, "alice")
    world.edit(None, {"a": 0.1, "width": BAD_WIDTH}, "bob")
    world.edit(None, {"a": 0.2}, "bob")
    world.calm()
    world.start_runner()
    world.calm()
    first, second, third = world.trial.revisions
    assert (first.state, second.state) == (RevisionState.REFUSED, RevisionState.APPLIED)
    assert (second.dropped, third.dropped) == (("width",), ("width",))
    assert first.reason == revisions.REPLACED
    assert second.reason == f"revision 3, which holds it too, was refused: {third.reason}"
    assert not any(revision.pending for revision in world.trial.revisions)
    assert world.edit(None, {"width": 16}, "alice") == 4
    world.start_runner()
    world.calm()
    assert (world.trial.config["width"], world.trial.config["a"]) == (16, 0.2)
    assert world.trial.revisions[:3] == [first, second, third]


def test_a_trial_that_completes_although_it_was_to_be_restarted_is_complete() -> None:
    world = running()
    world.edit(None, {"width": 8}, "alice")
    trial, turn = world.trial, world.turn()
    world.engine.editing.restart(trial, "", turn.moment, turn.changes)
    assert world.training is not None
    final = Final(outcome=Outcome.COMPLETE, metrics={"f1": 0.5})
    world.spool.append(world.training.lease, final)
    world.beat()
    while world.up:
        world.deliver_up(0)
    assert trial.state is TrialState.COMPLETE
    assert (trial.revisions[0].state, trial.revisions[0].reason) == (
        RevisionState.REFUSED,
        "the training ended before it could take effect",
    )


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"a": 5.0}, "a: 5 is above 1"),
        ({"a": float("nan")}, "a: nan is not a finite number"),
        ({"a": "much"}, "a: 'much' is not a number"),
        ({"with": 3}, "there is no variable 'with'; did you mean 'width'?"),
        ({"a": 0.5}, "nothing would change: a is 0.5 already"),
        ({}, "nothing would change: no edit is given"),
    ],
)
def test_an_edit_that_is_wrong_is_refused_before_it_is_stored(
    edits: dict[str, float], sentence: str
) -> None:
    world = running()
    with pytest.raises((InvalidValue, UnknownName, WrongInput)) as refused:
        world.edit(None, {**edits}, "alice")
    assert str(refused.value) == sentence
    assert world.trial.revisions == []


def test_a_trial_of_a_search_that_was_edited_is_a_fork_and_teaches_the_sampler_nothing() -> None:
    world = LiveWorld(0, msgspec.structs.replace(SPEC, kind=StudyKind.SEARCH))
    world.calm()
    turn = world.turn()
    revision = revisions.propose(world.trial, SPACE, {"a": 0.1}, 0, "alice", "", turn.moment)
    world.engine.editing.edit(world.trial, revision, turn.moment, turn.changes)
    turn.revise(world.trial, 0)
    world.complete(turn)
    world.calm()
    trial = world.trial
    assert world.training is not None
    final = Final(outcome=Outcome.COMPLETE, metrics={"f1": 0.9}, revision=1)
    world.spool.append(world.training.lease, final)
    world.beat()
    while world.up:
        world.deliver_up(0)
    assert (trial.state, trial.revision, trial.config["a"]) == (TrialState.COMPLETE, 1, 0.1)
    [told] = world.engine.tells
    assert (told.state, told.values) == (TrialState.CANCELLED, None)
    assert world.engine.best is None
    assert trial.fork is not None
    assert (trial.fork.parent, trial.counts) == (0, False)
    assert trial.fork.step == trial.revisions[0].step is not None
    assert [(c.path, c.old, c.new) for c in trial.fork.patch] == [("a", 0.5, 0.1)]

    turn = world.turn()
    editing = ResultEditing(world.engine.spec, trial, "alice", "it is good", turn.moment)
    assert editing.learn(True, turn.changes)
    past = past_of(SPEC.objective, trial)
    world.engine.relearn(trial)
    assert past.told is not None
    assert (past.told.state, past.told.values) == (TrialState.COMPLETE, (0.9,))
    assert world.engine.best == (0, 0.9)


def test_what_waits_for_a_restart_does_not_bring_in_what_was_refused() -> None:
    world = running()
    world.edit(None, {"a": 0.1, "c": 0.95}, "alice")
    world.edit(None, {"width": 8}, "bob")
    world.calm()
    first, second = world.trial.revisions
    assert (first.state, second.state) == (RevisionState.REFUSED, RevisionState.REFUSED)
    assert second.reason == "it was made from revision 1, which was refused; apply it again"
    assert revisions.head(world.trial) == (0, SPACE.defaults())
