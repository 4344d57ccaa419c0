"""What the sampler is asked and told, and what it makes of a study's past."""

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState as OptunaState

from orchestrator.engine.suggestions import Ask, Past, Told
from orchestrator.sampling import (
    OptunaStudy,
    Sampler,
    check_space,
    distribution,
    from_sampler,
    make_sampler,
    to_sampler,
)
from schema.declaration import space_of
from schema.errors import UnknownName, WrongInput
from schema.space import Space
from schema.study import Direction, Metric, ObjectiveDescription, StudySpec
from schema.trial import TrialState
from schema.values import Value
from schema.variables import Condition, Variable
from tests.schema.spaces import GENERATED, Detector, allowed, spaces

DETECTOR = space_of(Detector)
RATE = Variable(path="rate", kind="float", default=0.5, low=0.0, high=1.0, searched=True)
WORD = Variable(path="word", kind="str", default="on", choices=("on", "off"), searched=True)
ONLY_ON = Variable(
    path="gain",
    kind="int",
    default=3,
    low=1,
    high=9,
    step=2,
    searched=True,
    when=(Condition(path="word", values=("on",)),),
)
SMALL = Space(variables=(RATE, WORD, ONLY_ON))


def spec(space: Space = SMALL, *, metrics: int = 1, sampler: str = "random") -> StudySpec:
    """A study of ``space``."""
    names = ("f1", "recall", "speed")[:metrics]
    objective = ObjectiveDescription(
        entry="m:f",
        metrics=tuple(Metric(name=name, direction=Direction.MAXIMIZE) for name in names),
        space=space,
    )
    return StudySpec(name="s", objective=objective, sampler=sampler, seed=1)


def complete(number: int, value: float, **violations: float) -> Told:
    """A trial that completed."""
    return Told(number=number, state=TrialState.COMPLETE, values=(value,), violations=violations)


def asked(
    study: OptunaStudy, number: int, fixed: dict[str, Value] | None = None
) -> dict[str, Value]:
    """What is suggested for a trial that there is to be."""
    values = study.ask(Ask(number=number, fixed=fixed))
    assert values is not None
    return values


def frozen(study: OptunaStudy) -> list[optuna.trial.FrozenTrial]:
    """The trials as Optuna has them."""
    return study._study.get_trials()


# ---------------------------------------------------------------------- asking


def test_a_variable_whose_condition_does_not_hold_is_never_suggested() -> None:
    study = OptunaStudy(spec(), [])
    suggested = [asked(study, number) for number in range(30)]
    assert {"on", "off"} == {values["word"] for values in suggested}
    for values, trial in zip(suggested, frozen(study), strict=True):
        assert ("gain" in values) == (values["word"] == "on")
        assert set(trial.params) == set(values)


def test_every_value_of_a_space_of_every_kind_is_one_that_the_space_allows() -> None:
    study = OptunaStudy(spec(DETECTOR), [])
    for number in range(40):
        values = asked(study, number)
        assert values == DETECTOR.searched_active(values)
        assert DETECTOR.complete(values).items() >= values.items()


def test_ordered_choices_are_numbered_and_others_are_categories() -> None:
    kernel = DETECTOR.variable("architecture.kernel")
    assert distribution(kernel) == optuna.distributions.IntDistribution(0, 2)
    assert distribution(WORD) == optuna.distributions.CategoricalDistribution(("on", "off"))
    assert [to_sampler(kernel, value) for value in (3, 5, 7)] == [0, 1, 2]
    assert [from_sampler(kernel, number) for number in (0, 1, 2)] == [3, 5, 7]


@GENERATED
@given(st.data())
def test_a_value_is_the_same_after_the_way_to_the_sampler_and_back(data: st.DataObject) -> None:
    space = data.draw(spaces())
    for variable in space.sampling_order():
        value = data.draw(allowed(variable))
        inside = to_sampler(variable, value)
        internal = distribution(variable).to_internal_repr(inside)
        back = from_sampler(variable, distribution(variable).to_external_repr(internal))
        assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2", "qmc"])
def test_the_queued_default_is_trial_0_exactly(sampler: str) -> None:
    study = OptunaStudy(spec(DETECTOR, sampler=sampler), [])
    defaults = DETECTOR.defaults()
    first = asked(study, 0, defaults)
    assert first == DETECTOR.searched_active(defaults)
    assert DETECTOR.complete(first) == defaults
    assert asked(study, 1) != first


def test_the_same_seed_suggests_the_same_and_another_one_does_not() -> None:
    def three(seed: int) -> list[dict[str, Value]]:
        one = spec()
        study = OptunaStudy(
            StudySpec(name="s", objective=one.objective, sampler="random", seed=seed), []
        )
        return [asked(study, number) for number in range(3)]

    assert three(1) == three(1)
    assert three(1) != three(2)


# ---------------------------------------------------------------------- telling


def test_a_trial_that_completed_is_told_with_its_values() -> None:
    study = OptunaStudy(spec(metrics=2), [])
    asked(study, 7)
    study.tell(Told(number=7, state=TrialState.COMPLETE, values=(0.25, 0.5)))
    [trial] = frozen(study)
    assert (trial.state, trial.values) == (OptunaState.COMPLETE, [0.25, 0.5])


def test_a_pruned_trial_is_told_with_its_last_value() -> None:
    study = OptunaStudy(spec(), [])
    asked(study, 0)
    study.tell(Told(number=0, state=TrialState.PRUNED, last=(4, 0.3)))
    [trial] = frozen(study)
    assert trial.state is OptunaState.PRUNED
    assert trial.intermediate_values == {4: 0.3}


def test_a_pruned_trial_of_several_metrics_is_told_without_a_value() -> None:
    study = OptunaStudy(spec(metrics=2), [])
    asked(study, 0)
    study.tell(Told(number=0, state=TrialState.PRUNED, last=(4, 0.3)))
    [trial] = frozen(study)
    assert (trial.state, trial.intermediate_values) == (OptunaState.PRUNED, {})


def test_out_of_memory_is_a_violated_constraint_of_a_trial_that_did_not_fail() -> None:
    study = OptunaStudy(spec(), [])
    asked(study, 0)
    study.tell(Told(number=0, state=TrialState.FAILED, violations={"memory": 1.0}))
    [trial] = frozen(study)
    assert (trial.state, trial.constraints) == (OptunaState.PRUNED, {"memory": 1.0})


def test_a_failed_trial_is_told_as_failed() -> None:
    study = OptunaStudy(spec(), [])
    for number, state in enumerate((TrialState.FAILED, TrialState.CANCELLED)):
        asked(study, number)
        study.tell(Told(number=number, state=state))
    assert [trial.state for trial in frozen(study)] == [OptunaState.FAIL, OptunaState.FAIL]


def test_telling_twice_and_telling_what_was_never_asked_for_changes_nothing() -> None:
    study = OptunaStudy(spec(), [])
    asked(study, 0)
    study.tell(complete(0, 0.5))
    study.tell(complete(0, 0.9))
    study.tell(complete(33, 0.9))
    assert [trial.values for trial in frozen(study)] == [[0.5]]


def test_a_value_that_is_infinite_is_no_obstacle() -> None:
    study = OptunaStudy(spec(sampler="tpe"), [])
    for number in range(12):
        asked(study, number)
        study.tell(complete(number, float("-inf") if number % 2 else 0.1 * number))
    assert len(frozen(study)) == 12
    asked(study, 12)


# ---------------------------------------------------------------------- rebuilding


def test_a_rebuilt_study_knows_what_the_first_one_knew() -> None:
    first = OptunaStudy(spec(), [])
    ends = [
        Told(number=0, state=TrialState.COMPLETE, values=(0.5,), violations={"fpr": -0.1}),
        Told(number=1, state=TrialState.PRUNED, last=(3, 0.2)),
        Told(number=2, state=TrialState.FAILED),
        Told(number=3, state=TrialState.FAILED, violations={"memory": 1.0}),
    ]
    past = []
    for told in ends:
        past.append(Past(number=told.number, sampled=asked(first, told.number), told=told))
        first.tell(told)
    rebuilt = OptunaStudy(spec(), past)
    for then, now in zip(frozen(first), frozen(rebuilt), strict=True):
        assert now.params == then.params
        assert now.distributions == then.distributions
        assert now.state is then.state
        if now.state is OptunaState.COMPLETE:
            assert now.values == then.values
        assert now.constraints == then.constraints
        assert now.intermediate_values == then.intermediate_values


def test_a_trial_that_was_alive_is_alive_in_the_rebuilt_study_and_can_be_told() -> None:
    alive = Past(number=5, sampled={"rate": 0.25, "word": "off"}, told=None)
    study = OptunaStudy(spec(), [alive])
    [trial] = frozen(study)
    assert (trial.state, trial.params) == (OptunaState.RUNNING, alive.sampled)
    study.tell(complete(5, 0.75))
    [trial] = frozen(study)
    assert (trial.state, trial.values) == (OptunaState.COMPLETE, [0.75])


def test_trials_outside_of_a_narrowed_space_are_left_out_without_a_word() -> None:
    old = [
        Past(number=0, sampled={"rate": 0.9, "word": "off"}, told=complete(0, 0.9)),
        Past(number=1, sampled={"rate": 0.1, "word": "off"}, told=complete(1, 0.1)),
        Past(number=2, sampled={"rate": 0.8, "word": "off"}, told=None),
    ]
    narrowed = Variable(path="rate", kind="float", default=0.2, low=0.0, high=0.5, searched=True)
    study = OptunaStudy(spec(Space(variables=(narrowed, WORD, ONLY_ON))), old)
    assert [trial.params["rate"] for trial in frozen(study)] == [0.1]
    study.tell(complete(2, 0.8))
    assert asked(study, 3)["rate"] <= 0.5  # type: ignore[operator]


def test_a_rebuilt_study_does_not_suggest_the_same_points_again() -> None:
    first = OptunaStudy(spec(), [])
    before = [asked(first, number) for number in range(5)]
    past = [
        Past(number=number, sampled=values, told=complete(number, 0.5))
        for number, values in enumerate(before)
    ]
    rebuilt = OptunaStudy(spec(), past)
    after = [asked(rebuilt, 5 + number) for number in range(5)]
    assert not {values["rate"] for values in before} & {values["rate"] for values in after}


def test_tpe_learns_from_a_rebuilt_past() -> None:
    past = [
        Past(
            number=number,
            sampled={"rate": number / 60, "word": "off"},
            told=complete(number, 1 - abs(number / 60 - 0.8)),
        )
        for number in range(60)
    ]
    study = OptunaStudy(spec(sampler="tpe"), past)
    rates = [float(asked(study, 60 + n)["rate"]) for n in range(20)]
    near = sum(abs(rate - 0.8) < 0.2 for rate in rates)
    assert near > 12, rates


# ---------------------------------------------------------------------- which sampler


def test_a_sampler_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"there is no sampler 'tpee'; did you mean 'tpe'\?"):
        make_sampler("tpee", 0)


def test_a_sampler_whose_package_is_missing_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WrongInput, match="sampler 'cmaes' needs a package: pip install cmaes"):
        make_sampler("cmaes", 0)


def test_a_sampler_that_tries_every_value_needs_steps() -> None:
    with pytest.raises(WrongInput, match="rate has no step"):
        check_space("brute_force", SMALL)
    check_space("tpe", SMALL)
    check_space("brute_force", Space(variables=(WORD, ONLY_ON)))


SIX = Space(variables=(WORD, ONLY_ON))
EACH_OF_SIX = {
    *((("word", "on"), ("gain", gain)) for gain in (1, 3, 5, 7, 9)),
    (("word", "off"),),
}


@pytest.mark.parametrize("told_at_once", [True, False])
def test_brute_force_tries_every_configuration_once_and_then_none(told_at_once: bool) -> None:
    study = OptunaStudy(spec(SIX, sampler="brute_force"), [])
    tried = []
    for number in range(6):
        tried.append(asked(study, number))
        if told_at_once:
            study.tell(complete(number, 0.5))
    assert sorted(tuple(values.items()) for values in tried) == sorted(EACH_OF_SIX)
    assert study.ask(Ask(number=6)) is None
    assert study.ask(Ask(number=6)) is None


def test_brute_force_goes_on_where_it_was() -> None:
    past = [
        Past(number=0, sampled={"word": "on", "gain": 5}, told=complete(0, 0.5)),
        Past(number=1, sampled={"word": "off"}, told=None),
    ]
    study = OptunaStudy(spec(SIX, sampler="brute_force"), past)
    study.tell(complete(1, 0.5))
    tried = {tuple(asked(study, number).items()) for number in range(2, 6)}
    assert tried == EACH_OF_SIX - {tuple(trial.sampled.items()) for trial in past}
    assert study.ask(Ask(number=6)) is None


async def test_an_exchange_answers_fewer_asks_when_everything_was_tried() -> None:
    async with Sampler() as sampler:
        await sampler.open(1, spec(SIX, sampler="brute_force"), [])
        found = await sampler.exchange(1, [], [Ask(number=number) for number in range(9)])
        assert [ask.number for ask, _ in found] == list(range(6))
        assert await sampler.exchange(1, [complete(0, 0.5)], [Ask(number=6)]) == []


# ---------------------------------------------------------------------- the thread


async def test_an_exchange_tells_first_and_asks_then() -> None:
    async with Sampler() as sampler:
        await sampler.open(1, spec(sampler="tpe"), [])
        [(ask, sampled)] = await sampler.exchange(1, [], [Ask(number=0)])
        assert (ask.number, set(sampled) >= {"rate", "word"}) == (0, True)
        found = await sampler.exchange(1, [complete(0, 0.5)], [Ask(number=1), Ask(number=2)])
        assert [ask.number for ask, _ in found] == [1, 2]
        study = sampler._studies[1]
        assert isinstance(study, OptunaStudy)
        states = [trial.state for trial in frozen(study)]
        assert states == [OptunaState.COMPLETE, OptunaState.RUNNING, OptunaState.RUNNING]


async def test_random_search_draws_what_is_active_and_keeps_nothing() -> None:
    async with Sampler() as sampler:
        await sampler.open(1, spec(DETECTOR, sampler="random"), [])
        default = DETECTOR.defaults()
        [(_, first)] = await sampler.exchange(1, [], [Ask(number=0, fixed=default)])
        assert first == DETECTOR.searched_active(default)
        found = await sampler.exchange(1, [complete(0, 0.5)], [Ask(number=n) for n in range(1, 60)])
        for _, values in found:
            assert DETECTOR.searched_active(values) == values
            DETECTOR.complete(values)
        assert len({tuple(values.items()) for _, values in found}) > 50


async def test_studies_do_not_mix() -> None:
    async with Sampler() as sampler:
        await sampler.open(1, spec(), [])
        await sampler.open(2, spec(Space(variables=(WORD,))), [])
        [(_, values)] = await sampler.exchange(2, [], [Ask(number=0)])
        assert set(values) == {"word"}


async def test_a_sampler_that_does_not_exist_is_refused_when_the_study_is_opened() -> None:
    async with Sampler() as sampler:
        with pytest.raises(UnknownName, match="there is no sampler 'nope'"):
            await sampler.open(1, spec(sampler="nope"), [])


def test_the_private_call_of_optuna_is_still_there() -> None:
    from inspect import signature

    from optuna.study._tell import _tell_with_warning

    wanted = ["study", "trial", "value_or_values", "state", "skip_if_finished"]
    assert list(signature(_tell_with_warning).parameters)[:5] == wanted
