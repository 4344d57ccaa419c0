"""What clients make of results: a corrected metric, a hidden trial, a note, a fork to learn from.

The sampler and the pruner then know what counts, as if it had been so from the beginning. Each is
answered with the trial as it is now; what is so already stays so, and nothing is logged.
"""

import msgspec


class RescoreTrial(msgspec.Struct, frozen=True, kw_only=True, tag="rescore trial"):
    """Correct metrics of a complete trial; those that are not named stay.

    What its training returned is kept beside them, as `TrialResult.measured`.
    """

    study: str
    number: int
    metrics: dict[str, float]
    because: str = ""


class HideTrial(msgspec.Struct, frozen=True, kw_only=True, tag="hide trial"):
    """Let a trial that has ended count in nothing, or count again."""

    study: str
    number: int
    hidden: bool = True
    because: str = ""


class AnnotateTrial(msgspec.Struct, frozen=True, kw_only=True, tag="annotate trial"):
    """Put a note and tags on a trial in the place of those that it has; ``None`` leaves them."""

    study: str
    number: int
    note: str | None = None
    tags: tuple[str, ...] | None = None
    because: str = ""


class LearnFromFork(msgspec.Struct, frozen=True, kw_only=True, tag="learn from fork"):
    """Let a trial that was edited while it ran count as a result of its last configuration, for
    the sampler, the pruner and the best; or let it count for nothing again."""

    study: str
    number: int
    learn: bool = True
    because: str = ""
