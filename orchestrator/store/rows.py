"""Rows of the database as typed objects, and back.

Configurations and metrics are JSON text, so that any SQLite tool can read them; Python's own JSON
is used for metrics because it keeps NaN and the infinities.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from orchestrator.engine.trials import Trial
from schema.revision import Fork
from schema.study import StudySettings, StudySpec
from schema.trial import Desired, FailureKind, TrialState
from schema.values import Value

Row = tuple[Any, ...]

_values_encoder = msgspec.json.Encoder()
_values_decoder = msgspec.json.Decoder(dict[str, Value])
_spec_decoder = msgspec.json.Decoder(StudySpec)
_tags_decoder = msgspec.json.Decoder(tuple[str, ...])
_fork_decoder = msgspec.json.Decoder(Fork)
_settings_decoder = msgspec.json.Decoder(StudySettings)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A stored study; ``version`` is that of its settings."""

    id: int
    name: str
    spec: StudySpec
    created: float
    closed_because: str = ""
    version: int = 1


def study_from(row: Row) -> StudyRow:
    """The study in a row of ``studies`` or ``study_by_name``."""
    return StudyRow(row[0], row[1], _spec_decoder.decode(row[2]), *row[3:6])


def spec_text(spec: StudySpec | StudySettings) -> str:
    """A study's definition, or its settings, as it is stored."""
    return _values_encoder.encode(spec).decode()


def settings_from(text: str) -> StudySettings:
    """The settings that are stored as ``text``."""
    return _settings_decoder.decode(text)


def values_text(values: dict[str, Value]) -> str:
    """A configuration as it is stored."""
    return _values_encoder.encode(values).decode()


def values_from(text: str) -> dict[str, Value]:
    """The configuration that is stored as ``text``."""
    return _values_decoder.decode(text)


def trial_from(row: Row) -> Trial:
    """The trial in a row of ``trials_of_study``."""
    return Trial(
        id=row[0],
        study=row[1],
        number=row[2],
        state=TrialState(row[3]),
        sampled=_values_decoder.decode(row[4]),
        config=_values_decoder.decode(row[5]),
        attempt=row[6],
        runner=row[7],
        desired=Desired(row[8]),
        applied=row[9],
        crashes=row[10],
        losses=row[11],
        value=row[12],
        metrics=None if row[13] is None else json.loads(row[13]),
        failure=None if row[14] is None else FailureKind(row[14]),
        reason=row[15],
        reports=row[16],
        last_step=row[17],
        created=row[18],
        started=row[19],
        ended=row[20],
        seconds=row[21],
        boot=row[22],
        avoid=row[23],
        deaths=tuple(json.loads(row[24])),
        slot=row[25] or "",
        revision=row[26],
        restarting=bool(row[27]),
        hidden=bool(row[28]),
        note=row[29],
        tags=_tags_decoder.decode(row[30]),
        measured=None if row[31] is None else json.loads(row[31]),
        fork=None if row[32] is None else _fork_decoder.decode(row[32]),
        learn=bool(row[33]),
        edits=row[34],
    )


def created_row(trial: Trial) -> Row:
    """The parameters of ``insert_trial``."""
    fixed = (
        trial.study,
        trial.number,
        values_text(trial.sampled),
        values_text(trial.config),
        trial.created,
    )
    return fixed + updated_row(trial)


def updated_row(trial: Trial) -> Row:
    """The parameters of ``update_trial``."""
    return (
        trial.state,
        trial.attempt,
        trial.runner,
        int(trial.desired),
        trial.applied,
        trial.crashes,
        trial.losses,
        trial.value,
        _metrics_text(trial.metrics),
        trial.failure,
        trial.reason,
        trial.reports,
        trial.last_step,
        trial.started,
        trial.ended,
        trial.seconds,
        trial.boot,
        trial.avoid,
        json.dumps(trial.deaths) if trial.deaths else "[]",
        trial.revision,
        trial.restarting,
        trial.id,
    )


def annotated_row(trial: Trial) -> Row:
    """The parameters of ``annotate_trial``."""
    return (
        trial.value,
        _metrics_text(trial.metrics),
        trial.hidden,
        trial.note,
        _values_encoder.encode(trial.tags).decode(),
        _metrics_text(trial.measured),
        None if trial.fork is None else _values_encoder.encode(trial.fork).decode(),
        trial.learn,
        trial.id,
    )


def _metrics_text(metrics: dict[str, float] | None) -> str | None:
    return None if metrics is None else json.dumps(metrics)
