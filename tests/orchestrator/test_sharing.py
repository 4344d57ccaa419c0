"""How several studies share the runners, and which runners may be given anything at all."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from orchestrator.engine.scheduling import plan
from orchestrator.service.runners import PRESENT_SECONDS, SUSPECT_SECONDS, Runner
from schema.commands.runners import Presence
from schema.messages import DeviceHealth, Steer
from schema.study import StudySpec
from schema.trial import TrialState
from tests.orchestrator.one_study import OneStudy, completed, study_spec

GIB = 2**30


def study(name: str, *, gpu_memory: int | None = None, **settings: object) -> StudySpec:
    """A study without an end."""
    spec = study_spec(trials=None)
    objective = msgspec.structs.replace(spec.objective, gpu_memory=gpu_memory)
    changed = msgspec.structs.replace(spec.settings, **settings)
    return msgspec.structs.replace(spec, name=name, objective=objective, settings=changed)


def runner(slots: int = 1, **changes: Any) -> Runner:
    """A runner that offers what `study` is made of."""
    made = Runner(
        name="left",
        boot="boot",
        slots=slots,
        offers={"train.py:train": study_spec().objective},
        seen=1000.0,
    )
    for field, value in changes.items():
        setattr(made, field, value)
    return made


def shares(slots: int, *specs: StudySpec) -> Counter[str]:
    """How many of the slots each study has, after turns enough to fill them all."""
    studies = [OneStudy(spec) for spec in specs]
    for index, one in enumerate(studies[1:], 2):
        one.engine.id = index
        one.leases = one.engine._leases = studies[0].leases
    engines = {one.engine.id: one for one in studies}
    while True:
        grants, demand = plan(
            [runner(slots=slots)], [o.engine for o in studies], studies[0].leases, 1000.0
        )
        for grant in grants:
            grant.engine.grant(grant.trial, grant.runner, studies[0].moment, studies[0].changes)
        if not any(demand.values()):
            break
        for number, wanted in demand.items():
            for ask in engines[number].engine.asks(wanted):
                identifier = number * 1000 + ask.number
                engines[number].engine.create(
                    identifier, ask, {}, studies[0].moment, studies[0].changes
                )
    return Counter({one.spec.name: one.engine.counts[TrialState.LEASED] for one in studies})


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        ([study("a"), study("b")], {"a": 6, "b": 6}),
        ([study("a"), study("b", weight=2.0)], {"a": 4, "b": 8}),
        ([study("a", weight=0.5), study("b"), study("c", weight=1.5)], {"a": 2, "b": 4, "c": 6}),
        ([study("a", parallelism=2), study("b")], {"a": 2, "b": 10}),
        ([study("a", paused=True), study("b")], {"a": 0, "b": 12}),
        ([study("a", parallelism=3)], {"a": 3}),
    ],
)
def test_studies_share_twelve_slots_by_their_weights(
    specs: list[StudySpec], expected: dict[str, int]
) -> None:
    assert shares(12, *specs) == expected


def test_a_study_that_is_nearly_done_leaves_the_rest_to_the_others() -> None:
    short = study_spec(trials=2)
    assert shares(6, msgspec.structs.replace(short, name="a"), study("b")) == {"a": 2, "b": 4}


def test_studies_that_share_one_slot_take_turns() -> None:
    first, second = OneStudy(study("a")), OneStudy(study("b"))
    second.engine.id = 2
    first.tell(first.running(), completed(0.5))
    engines = [first.engine, second.engine]
    assert plan([runner()], engines, first.leases, 1000.0) == ([], {1: 0, 2: 1})


@pytest.mark.parametrize(
    ("memory", "able"),
    [((8 * GIB,), False), ((8 * GIB, 24 * GIB), True), ((None,), True), ((), True)],
)
def test_a_trial_goes_where_one_device_has_the_memory_that_it_needs(
    memory: tuple[int | None, ...], able: bool
) -> None:
    devices = tuple(DeviceHealth(name="cuda", memory_total=size) for size in memory)
    assert runner(devices=devices).able(study("a", gpu_memory=16 * GIB)) is able
    assert runner(devices=devices).able(study("a"))


@pytest.mark.parametrize(
    "changes",
    [
        {"steer": Steer.DRAIN},
        {"steer": Steer.STOP},
        {"draining": True},
        {"refused": "another protocol"},
        {"seen": 1000.0 - PRESENT_SECONDS - 1},
    ],
)
def test_a_runner_that_is_leaving_refused_or_silent_is_not_available(
    changes: dict[str, Any],
) -> None:
    assert runner().available(1000.0)
    assert not runner(**changes).available(1000.0)


@pytest.mark.parametrize(
    ("silent", "presence"),
    [(0.0, Presence.LIVE), (SUSPECT_SECONDS, Presence.SUSPECT), (121.0, Presence.GONE)],
)
def test_a_silent_runner_is_suspected_and_then_gone(silent: float, presence: Presence) -> None:
    assert runner().presence(1000.0 + silent, 120.0) is presence
