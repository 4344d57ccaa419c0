"""A study that was searched elsewhere becomes one of this database, as if it had run here."""

import msgspec

from orchestrator.engine.trials import Changes, Trial
from orchestrator.optuna_exchange import FromOptuna
from orchestrator.store.store import Store
from schema.errors import WrongInput
from schema.results import TrialResult
from schema.trial import Outcome, TrialState

RUNNER = "optuna"
OUTCOMES = {
    TrialState.COMPLETE: Outcome.COMPLETE,
    TrialState.PRUNED: Outcome.PRUNED,
    TrialState.FAILED: Outcome.FAILED,
}
START, REPORTS, END = 1, 2, 3
"""The records of an attempt that reports everything at once, by number."""


async def store_imported(store: Store, imported: FromOptuna) -> None:
    """Store it whole, or nothing of it.

    Raises:
        WrongInput: there is a study of this name.
        StoreError: it cannot be stored.
    """
    spec = imported.spec
    if await store.study(spec.name) is not None:
        raise WrongInput(f"there is a study {spec.name!r} already; choose another with --name")
    study, first = await store.next_study_id(), await store.next_trial_id()
    changes = Changes(studies=[(study, spec.name, spec, imported.created)])
    changes.settings.append((study, 1, spec.settings, "", imported.created, "imported"))
    for result in imported.trials:
        trial = _trial(result, study, first + result.number)
        changes.create(trial)
        _log(changes, trial, imported)
    because = "imported from Optuna"
    changes.note(imported.created, study, "imported", f"{len(imported.trials)} trials of Optuna")
    changes.closed.append((because, imported.created, study))
    await store.commit(changes)


def _trial(result: TrialResult, study: int, number: int) -> Trial:
    fields = msgspec.structs.asdict(result)
    known = {name: fields[name] for name in Trial.__slots__ if name in fields}
    reported = END if result.reports else END - 1
    return Trial(**{**known, "id": number, "study": study, "applied": reported})


def _log(changes: Changes, trial: Trial, imported: FromOptuna) -> None:
    """Its one attempt, its curve, its attributes and its end."""
    started = trial.started or trial.created
    ended = trial.ended or started
    outcome = OUTCOMES[trial.state]
    changes.granted.append((trial.id, trial.attempt, RUNNER, started))
    changes.started.append((RUNNER, "", started, trial.id, trial.attempt))
    curve = imported.curves.get(trial.number)
    if curve:
        blob = msgspec.msgpack.encode(curve)
        changes.reports.append((trial.id, trial.attempt, REPORTS, blob))
    changes.ended.append(
        (
            ended,
            outcome,
            trial.failure,
            trial.reason,
            "",
            "",
            trial.seconds,
            trial.id,
            trial.attempt,
        )
    )
    if attributes := imported.attributes.get(trial.number):
        changes.attributes[trial.id] = attributes
    changes.event(ended, trial, trial.state, "in Optuna")
