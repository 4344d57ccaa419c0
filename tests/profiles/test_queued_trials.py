"""What the sampler makes of a trial that a person queued."""

from optuna.trial import TrialState as OptunaState

from orchestrator.engine.outcomes import told_of
from orchestrator.engine.suggestions import Ask, Queued, Told
from orchestrator.engine.trials import Trial
from orchestrator.sampling import OptunaStudy
from schema.space import Space
from schema.study import StudySpec
from schema.trial import TrialState
from schema.values import Value
from schema.variables import Variable
from tests.orchestrator.one_study import STARTED, OneStudy, completed, study_spec

X = "training.x"
STEPPED = Variable(path="x", kind="int", default=1, low=1, high=3, searched=True)


def ended(**changed: Value) -> tuple[Trial, Told]:
    """A queued trial that completed, and what the sampler is told of it."""
    study = OneStudy()
    space = study.spec.objective.space
    values = space.complete({path.replace("__", "."): v for path, v in changed.items()})
    study.engine.queued.append(Queued(values=values, id=5, text="profile quiet@1 by alice"))
    [ask] = study.engine.asks(1)
    assert ask.fixed == values
    study.engine.create(1, ask, space.searched_active(values), study.moment, study.changes)
    trial = study.engine.next_waiting()
    assert trial is not None
    study.engine.grant(trial, "left", study.moment, study.changes)
    study.tell(trial, STARTED)
    study.tell(trial, completed(0.75))
    assert study.changes.dequeued == [(5,)]
    assert trial.config == values
    return trial, study.engine.tells[-1]


def test_a_queued_trial_teaches_the_sampler_like_any_other() -> None:
    trial, told = ended(training__x=0.125)
    assert (told.state, told.values) == (TrialState.COMPLETE, (0.75,))
    assert trial.sampled == {X: 0.125}


def test_a_queued_trial_with_another_value_after_training_teaches_too() -> None:
    _, told = ended(training__x=0.125, inference__threshold=0.25)
    assert told.values == (0.75,)


def test_a_queued_trial_that_differs_in_what_is_not_searched_teaches_nothing() -> None:
    trial, told = ended(training__x=0.125, training__epochs=99)
    assert trial.value == 0.75
    assert told == Told(number=0, state=TrialState.CANCELLED)
    assert told_of(study_spec().objective, trial) == told  # nor after a restart


def brute_force() -> OptunaStudy:
    """A search that tries each of three values once."""
    objective = study_spec().objective
    spec = StudySpec(
        name="s",
        objective=type(objective)(
            entry="m:f", metrics=objective.metrics, space=Space(variables=(STEPPED,))
        ),
        sampler="brute_force",
    )
    return OptunaStudy(spec, [])


def test_a_configuration_that_was_tried_already_can_be_queued_again() -> None:
    study = brute_force()
    numbers = iter(range(9))

    def tried(fixed: dict[str, Value] | None = None) -> dict[str, Value] | None:
        number = next(numbers)
        values = study.ask(Ask(number=number, fixed=fixed))
        if values is not None:
            study.tell(Told(number=number, state=TrialState.COMPLETE, values=(1.0,)))
        return values

    assert tried({"x": 2}) == tried({"x": 2}) == {"x": 2}
    rest = [tried(), tried()]
    assert sorted(str(values) for values in rest) == ["{'x': 1}", "{'x': 3}"]
    assert tried() is None
    assert tried({"x": 3}) == {"x": 3}


def test_optuna_has_a_queued_trial_at_its_values_with_its_result() -> None:
    study = brute_force()
    study.ask(Ask(number=0, fixed={"x": 3}))
    study.tell(Told(number=0, state=TrialState.COMPLETE, values=(0.5,)))
    [frozen] = study._study.get_trials()
    assert (frozen.state, frozen.params, frozen.values) == (OptunaState.COMPLETE, {"x": 3}, [0.5])
