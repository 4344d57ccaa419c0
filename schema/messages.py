"""The messages between the orchestrator and its runners.

Up, from a runner: ``Hello`` once, ``Heartbeat`` every few seconds, ``Records`` when something
happened. Down, to a runner: ``Orders``, which both answers and commands. Each is one msgpack map
with a tag. The protocol is the one of the executable model in ``tests/protocol``:

* ``term`` numbers the generations of the orchestrator; a runner ignores a lower one than it saw.
* ``boot`` names the spool of a runner; with another one, everything that it held is gone.
* ``attempt`` is the fencing token of a trial: +1 whenever a lease is granted.
* ``seq`` numbers the records of one attempt, 1, 2, 3 …; the first is ``Started``, the last is the
  only ``Final``. The orchestrator applies ``seq == applied + 1`` and nothing else.
* ``revision`` numbers the configurations of a trial, 0 for the one that it was created with; a
  runner hands a training only higher ones than it has, each whole, and says what became of it.
* ``Orders`` is level-triggered: it restates what holds, so a lost one heals with the next.

A runner declares no queue: it says ``Hello`` until the orchestrator has made one for it.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from schema.study import ObjectiveDescription
from schema.trial import Desired, FailureKind, Outcome
from schema.values import Value
from schema.variables import Variable

PROTOCOL = 3
"""What runner and orchestrator speak; refused, with both numbers, where they do not understand."""

UNDERSTOOD = frozenset({2, PROTOCOL})
"""The protocols of runners that an orchestrator understands; in 2 there were no `Scored`."""

RECORDS_BYTES = 192 * 1024
"""More records than this travel in several messages; a larger body than `MESSAGE_BYTES` in none."""

Step = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Report = tuple[Step, float, dict[str, float]]
"""One report: step, seconds since the attempt started, the metrics by name."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt failed: the kind, one sentence, and the traceback where there is one."""

    kind: FailureKind
    reason: str
    traceback: str = ""


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """A slot began to train this attempt with the configuration of this ``revision``; 0 is also
    that of an attempt whose first safe point will tell which it is.

    ``checkpoint`` is what it can go on from, ``attempt-1/last.pt``; empty where there is nothing.
    """

    slot: str
    device: str = "cpu"
    revision: int = 0
    checkpoint: str = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="reported"):
    """A batch of reports, in order: the msgpack of a ``list[Report]``, passed on undecoded."""

    reports: msgspec.Raw


class Revised(msgspec.Struct, frozen=True, kw_only=True, tag="revised"):
    """What a training made of a revision between two steps: all of it is in force, or none.

    ``step`` is the last one that was reported before, ``seconds`` count since the attempt started.
    ``applied`` are the variables that changed, of which ``unbound`` are not bound to anything: the
    training code finds them in `Trial.config` and `Trial.changes`. ``refused`` says why it was.
    ``begun`` tells of the configuration that the attempt begins with: all of it is in force, or the
    training could not begin with it.
    """

    number: int
    step: Step | None
    seconds: float
    applied: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()
    refused: str = ""
    begun: bool = False


class Scored(msgspec.Struct, frozen=True, kw_only=True, tag="scored"):
    """Part number ``part``, from 1, of ``parts`` of the attempt's encoded `schema.scores.Scores`.

    A first part begins anew: the last scores count that are complete.
    """

    part: int
    parts: int
    data: bytes


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that an objective asked for while it ran, and the value that it was given."""

    variable: Variable
    value: Value


class Final(msgspec.Struct, frozen=True, kw_only=True, tag="final"):
    """How the attempt ended, with the configuration of this ``revision``; nothing follows it.

    Of an objective whose space is `dynamic`, ``suggested`` is the configuration; ``attributes`` is
    what it wants kept with the trial.
    """

    outcome: Outcome
    metrics: dict[str, float] = {}
    tuned: dict[str, Value] = {}  # variables that were chosen after training
    failure: Failure | None = None
    seconds: float = 0.0
    output: str = ""  # the end of what the attempt printed
    revision: int = 0
    suggested: tuple[Suggestion, ...] = ()
    attributes: dict[str, Any] = {}


Body = Started | Reported | Revised | Scored | Final
"""What a record says."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an attempt's log, in the order in which it happened."""

    trial: int
    attempt: int
    seq: int
    body: Body


class LeaseClaim(msgspec.Struct, frozen=True, array_like=True):
    """A runner says: I hold this attempt, my last record of it has this number, and the training
    was handed the revisions up to this one."""

    trial: int
    attempt: int
    seq: int
    revision: int = 0


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A device as its runner sees it; ``None`` is what the driver does not tell.

    Memory in bytes, utilisation from 0 to 1, temperature in degrees Celsius.
    """

    name: str
    uuid: str = ""
    slots: int = 1
    memory_total: int | None = None
    memory_used: int | None = None
    utilisation: float | None = None
    temperature: float | None = None


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """A runner arrives: how many trials it takes at once, and which objectives it offers.

    ``began`` is when it started, in monotonic seconds of its host: of two with one name on one
    host, the later one has taken the place of the other.
    """

    runner: str
    boot: str
    slots: int
    offers: tuple[ObjectiveDescription, ...]
    devices: tuple[DeviceHealth, ...] = ()
    host: str = ""
    began: float = 0.0
    version: str = ""
    protocol: int = PROTOCOL


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat"):
    """A runner lives; only the leases it names are renewed.

    ``draining`` says that it takes nothing more; ``degraded`` what is wrong with it, in words (its
    disk is full, say), empty when nothing is. ``leaving`` is its goodbye: it ends, and what it does
    not name it will never come back for. ``began`` is as in its ``Hello``; 0 where it is not told.
    """

    runner: str
    boot: str
    leases: tuple[LeaseClaim, ...] = ()
    devices: tuple[DeviceHealth, ...] = ()
    draining: bool = False
    degraded: str = ""
    leaving: bool = False
    began: float = 0.0


class Records(msgspec.Struct, frozen=True, kw_only=True, tag="records"):
    """What happened since; sent again until ``Orders`` acknowledge it."""

    runner: str
    boot: str
    records: tuple[Record, ...]


class Earlier(msgspec.Struct, frozen=True, array_like=True):
    """The configuration of an earlier revision."""

    number: int
    values: dict[str, Value]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Run this attempt of this trial with this complete configuration, which is ``revision``.

    It was granted to the runner of this ``boot`` and is void for any other. It fails when it takes
    longer than ``limit_seconds``, or reports nothing for ``hang_seconds``. ``tune`` are the
    variables to choose after training, as the study narrowed them.

    Where no training has begun with these values yet, ``earlier`` are those to fall back to if this
    one cannot: newest first, the last is what was in force. ``created``, when the trial was, tells
    its checkpoints from those of an earlier trial of this number in a study of this name.
    """

    trial: int
    attempt: int
    study: str
    number: int
    objective: str
    values: dict[str, Value]
    seed: int
    boot: str = ""
    limit_seconds: float | None = None
    hang_seconds: float | None = None
    tune: tuple[Variable, ...] = ()
    revision: int = 0
    earlier: tuple[Earlier, ...] = ()
    created: float = 0.0


class RevisionOrder(msgspec.Struct, frozen=True, array_like=True):
    """This attempt is to go on with these values, the whole configuration, between two steps.

    Of variables that are not `Live` the training keeps what it has.
    """

    trial: int
    attempt: int
    number: int
    values: dict[str, Value]


class LeaseOrder(msgspec.Struct, frozen=True, array_like=True):
    """What the orchestrator holds of one attempt.

    ``applied`` is the last record that is committed; ``fenced`` tells the runner to end the attempt
    and forget it, because the trial belongs to someone else or to nobody. ``goes_on`` says that its
    end is not among what is committed.
    """

    trial: int
    attempt: int
    applied: int
    desired: Desired = Desired.RUN
    fenced: bool = False
    goes_on: bool = False


class Steer(StrEnum):
    """What a person wants of a runner; restated in all orders."""

    RUN = "run"
    DRAIN = "drain"  # finish what runs, take nothing more
    STOP = "stop"  # give back what runs, and end


class Orders(msgspec.Struct, frozen=True, kw_only=True, tag="orders"):
    """Everything the orchestrator has to say to one runner at once.

    ``revisions`` of one attempt stand in their order. ``introduce`` asks a runner that the
    orchestrator does not know for another ``Hello``. ``refused`` says why the orchestrator gives
    this runner nothing (another version, say). They are for the runner of this ``boot`` and nobody
    else; empty is for whoever hears them; so is ``began``, which tells two processes on copies of
    one spool apart. ``taken`` tells it that its name, and so the queue of that name, is another
    runner's.
    """

    term: int
    leases: tuple[LeaseOrder, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    revisions: tuple[RevisionOrder, ...] = ()
    introduce: bool = False
    steer: Steer = Steer.RUN
    refused: str = ""
    boot: str = ""
    taken: bool = False
    began: float = 0.0


FromRunner = Hello | Heartbeat | Records
