"""Settings as they are written: every one by name and type, anything else with what is right."""

import pytest

from schema.errors import WrongInput
from trialmq.cli.setting import paths, settings_patch


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("pruner.aggressiveness=aggressive", {"pruner": {"aggressiveness": "aggressive"}}),
        ("pruner.parameters.n_warmup_steps=3", {"pruner": {"parameters": {"n_warmup_steps": 3}}}),
        ("limits.trials=80", {"limits": {"trials": 80}}),
        ("limits.trials=none", {"limits": {"trials": None}}),
        ("limits.seconds=1h30m", {"limits": {"seconds": 5400.0}}),
        ("parallelism=auto", {"parallelism": None}),
        ("weight=2", {"weight": 2.0}),
        ("paused=true", {"paused": True}),
    ],
)
def test_a_setting_becomes_a_patch_of_its_type(text: str, patch: dict[str, object]) -> None:
    assert settings_patch([text]) == patch


def test_several_settings_become_one_patch() -> None:
    patch = settings_patch(["limits.trials=80", "weight=2", "limits.trial_seconds=60"])
    assert patch == {"limits": {"trials": 80, "trial_seconds": 60.0}, "weight": 2.0}


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "write what to change: NAME=VALUE"),
        (["weight"], "'weight': write NAME=VALUE"),
        (["limits.trails=3"], "there is no setting 'limits.trails'; did you mean 'limits.trials'?"),
        (["limits.trials.x=3"], "there is no setting 'limits.trials.x'"),
        (["limits=3"], "limits: name one setting of it: limits.trials, limits.seconds"),
        (["limits.trials=many"], "limits.trials: 'many' is not a whole number, or none"),
        (["limits.trials=2.5"], "limits.trials: '2.5' is not a whole number, or none"),
        (["limits.seconds=soon"], "limits.seconds: 'soon' is not a duration such as 90s"),
        (["weight=none"], "weight: 'none' is not a number"),
        (["paused=perhaps"], "paused: 'perhaps' is not true or false"),
        (
            ["pruner.aggressiveness=hard"],
            "'hard' is not one of off, conservative, standard, aggressive",
        ),
    ],
    ids=str,
)
def test_what_is_no_setting_is_refused_with_what_would_be_right(
    texts: list[str], sentence: str
) -> None:
    with pytest.raises(WrongInput) as caught:
        settings_patch(texts)
    assert sentence in str(caught.value)


def test_every_setting_of_a_study_can_be_named() -> None:
    assert {"pruner.pruner", "limits.trials", "parallelism", "weight", "paused"} <= {*paths()}
