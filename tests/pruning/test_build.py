"""Settings become numbers, numbers become a pruner, and whatever is wrong becomes a sentence."""

from itertools import product

import pytest

from orchestrator.pruning.build import build_pruner, explain
from orchestrator.pruning.nop import NopPruner
from orchestrator.pruning.parameters import PARAMETERS
from schema.errors import UnknownName, WrongInput
from schema.pruning import Aggressiveness, PrunerSettings

Parameters = dict[str, int | float | bool | str]
LEVELS = [level for level in Aggressiveness if level is not Aggressiveness.OFF]
NEEDED: dict[str, Parameters] = {"threshold": {"lower": 0.1}}


def settings(
    pruner: str, steps: int | None = 12, **parameters: int | float | str
) -> PrunerSettings:
    """Settings at the standard level."""
    return PrunerSettings(pruner=pruner, steps=steps, parameters=dict(parameters))


@pytest.mark.parametrize(
    ("pruner", "level", "steps"), list(product(PARAMETERS, LEVELS, [1, 2, 12, 20, 1000]))
)
def test_every_level_of_every_pruner_sets_every_number_that_it_has(
    pruner: str, level: Aggressiveness, steps: int
) -> None:
    given = PrunerSettings(
        pruner=pruner, aggressiveness=level, steps=steps, parameters=NEEDED.get(pruner, {})
    )
    numbers = explain(given)
    optional = {"lower", "upper"} if pruner == "threshold" else set()
    assert PARAMETERS[pruner].keys() - optional <= numbers.keys()
    for name, value in numbers.items():
        if name in PARAMETERS[pruner]:
            PARAMETERS[pruner][name].check(name, value)
    build_pruner(given, maximize=True, study_name="s").report(0, 0, 1.0)


def test_a_harsher_word_looks_earlier_keeps_less_and_asks_for_less_evidence() -> None:
    numbers = [
        explain(PrunerSettings(pruner="percentile", aggressiveness=level, steps=24))
        for level in LEVELS
    ]
    for name in ("n_startup_trials", "n_warmup_steps", "n_min_trials", "percentile"):
        values = [float(each[name]) for each in numbers]
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == 3


def test_standard_waits_four_trials_and_one_of_twelve_epochs() -> None:
    numbers = explain(settings("percentile"))
    assert numbers["n_startup_trials"] == 4
    assert numbers["n_warmup_steps"] == 1


@pytest.mark.parametrize(("pruner", "level"), list(product(PARAMETERS, LEVELS)))
def test_no_word_lets_the_first_report_decide(pruner: str, level: Aggressiveness) -> None:
    numbers = explain(
        PrunerSettings(
            pruner=pruner, aggressiveness=level, steps=3, parameters=NEEDED.get(pruner, {})
        )
    )
    first = float(numbers.get("n_warmup_steps", 1))
    assert first >= 1  # steps count from 0


def test_a_number_set_on_its_own_replaces_the_one_behind_the_word() -> None:
    assert explain(settings("median", n_warmup_steps=5))["n_warmup_steps"] == 5
    assert explain(settings("hyperband", max_resource=81))["max_resource"] == 81


def test_a_whole_number_may_be_written_with_a_point() -> None:
    value = explain(settings("median", n_warmup_steps=5.0))["n_warmup_steps"]
    assert isinstance(value, int)


def test_off_never_prunes_whatever_the_pruner() -> None:
    off = PrunerSettings(pruner="threshold", aggressiveness=Aggressiveness.OFF)
    assert explain(off) == {}
    assert isinstance(build_pruner(off, maximize=False, study_name="s"), NopPruner)


def test_a_patient_pruner_takes_the_numbers_of_the_one_it_wraps() -> None:
    numbers = explain(settings("patient", wrapped_pruner="successive_halving", min_resource=4))
    assert numbers["min_resource"] == 4
    assert numbers["patience"] == 1


def test_pruning_without_patience_left_needs_no_other_pruner() -> None:
    alone = settings("patient", wrapped_pruner="none", patience=1, min_delta=0.0)
    pruner = build_pruner(alone, maximize=True, study_name="s")
    decisions = [pruner.report(0, step, value) for step, value in enumerate([0.5, 0.4, 0.3])]
    assert decisions[:2] == [None, None]
    assert decisions[2] is not None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (settings("medain"), "there is no pruner 'medain'; did you mean 'median'?"),
        (settings("median", n_warmup_step=3), "did you mean 'n_warmup_steps'?"),
        (settings("median", n_warmup_steps=-1), "-1 should be a whole number of at least 0"),
        (settings("median", n_warmup_steps=1.5), "should be a whole number"),
        (settings("median", n_warmup_steps="3"), "should be a whole number"),
        (settings("median", n_warmup_steps=True), "should be a whole number"),
        (settings("median", n_startup_trials=float("inf")), "should be a whole number"),
        (settings("percentile", percentile=120), "should be a number from 0 to 100"),
        (settings("percentile", percentile=float("nan")), "should be a number from 0 to 100"),
        (settings("median", steps=0), "should report at least 1"),
        (settings("threshold"), "set lower, upper or both"),
        (settings("threshold", lower=2, upper=1), "lower 2 should be at most upper 1"),
        (settings("hyperband", steps=None), "set steps or max_resource"),
        (settings("hyperband", max_resource="all"), "a whole number of at least 1, or 'auto'"),
        (settings("hyperband", min_resource=99), "min_resource 99 should be at most max_resource"),
        (
            settings("successive_halving", min_resource="auto", bootstrap_count=2),
            "needs a number in place of 'auto'",
        ),
        (settings("patient", wrapped_pruner="patient"), "'none' or 'median'"),
        (settings("patient", wrapped_pruner="threshold"), "set lower, upper or both"),
    ],
)
def test_bad_settings_are_answered_with_what_would_be_right(
    wrong: PrunerSettings, sentence: str
) -> None:
    with pytest.raises(WrongInput) as refused:
        build_pruner(wrong, maximize=True, study_name="s")
    assert sentence in str(refused.value)


def test_an_unknown_name_is_an_unknown_name() -> None:
    with pytest.raises(UnknownName):
        explain(settings("mdian"))
