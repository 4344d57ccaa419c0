"""What the study engine and the sampler say to each other: plain data, no sampler library."""

from dataclasses import dataclass, field

from schema.space import Space
from schema.trial import TrialState
from schema.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A trial number that needs a configuration; ``fixed`` is one that a person queued."""

    number: int
    fixed: dict[str, Value] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A complete configuration that is to become a trial before any that the sampler chooses.

    ``id`` is that of its row, ``None`` for the default configuration that a study begins with;
    ``text`` says who wants it and why.
    """

    values: dict[str, Value]
    id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a sampler learns from a trial that ended.

    ``values`` are the objective's metrics in their order; ``last`` is the last intermediate value
    with its step; ``violations`` are above 0 where a constraint does not hold.
    """

    number: int
    state: TrialState
    values: tuple[float, ...] | None = None
    last: tuple[int, float] | None = None
    violations: dict[str, float] = field(default_factory=dict)
    used: dict[str, Value] | None = None
    """What it ran with, where that is not what it was created with: a fork, or a trial that asked
    for its values itself."""
    space: Space | None = None
    """All that trials have asked for by then, where the space is dynamic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A trial of an earlier run, for rebuilding the sampler's study: what it used, what came out.

    ``told`` is ``None`` for a trial that is still alive.
    """

    number: int
    sampled: dict[str, Value]
    told: Told | None
