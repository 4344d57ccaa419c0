"""What clients ask of trials, and change of them."""

from typing import Annotated

import msgspec

from schema.messages import Report
from schema.results import AttemptResult, Event, TrialResult
from schema.values import Value


class TrialDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One trial with all that is known of it: a very long ``curve`` is thinned evenly, and of the
    ``events`` the last `PAGE_ROWS` are told."""

    trial: TrialResult
    attempts: tuple[AttemptResult, ...]
    curve: tuple[Report, ...]
    events: tuple[Event, ...]


class GetTrials(msgspec.Struct, frozen=True, kw_only=True, tag="get trials"):
    """Up to `PAGE_ROWS` trials by number, from number ``first`` on."""

    study: str
    first: int = 0


class GetTrial(msgspec.Struct, frozen=True, kw_only=True, tag="get trial"):
    """One trial with its attempts, curve and events."""

    study: str
    number: int


ATTEMPTS_OF = 200
"""Of so many trials at most one question asks the attempts."""

Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class AttemptSpan(msgspec.Struct, frozen=True, kw_only=True):
    """When and where attempt ``attempt`` of trial ``number`` ran; wall-clock seconds.

    ``started`` is when it was handed out, as long as it has not begun. ``slot`` is empty until
    then; ``ended`` and ``outcome`` are ``None`` until it has ended.
    """

    number: int
    attempt: int
    runner: str
    slot: str
    started: float
    ended: float | None
    outcome: str | None


class GetAttempts(msgspec.Struct, frozen=True, kw_only=True, tag="get attempts"):
    """When and where these trials ran, up to `ATTEMPTS_OF` of them; those that exist."""

    study: str
    trials: Annotated[tuple[Number, ...], msgspec.Meta(max_length=ATTEMPTS_OF)]


class StopTrial(msgspec.Struct, frozen=True, kw_only=True, tag="stop trial"):
    """End one trial; it counts as cancelled."""

    study: str
    number: int
    because: str = ""


class QueueTrial(msgspec.Struct, frozen=True, kw_only=True, tag="queue trial"):
    """Run a configuration as a trial of the study, before any that its sampler chooses.

    It is that of a ``profile``, or of a ``trial`` of the study, or the default one, with the values
    of ``set`` in their places.
    """

    study: str
    profile: str = ""
    version: int | None = None
    trial: int | None = None
    set: dict[str, Value] = {}
    because: str = ""
