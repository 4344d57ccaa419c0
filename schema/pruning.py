"""Which pruner a study uses and how hard it prunes: what the client sends and the study keeps.

One word, the aggressiveness, sets every number of the pruner for the length of a trial;
``parameters`` sets single numbers by Optuna's names. What the numbers become is decided in
``orchestrator.pruning``, so that settings written today follow better numbers tomorrow.
"""

from enum import StrEnum

import msgspec


class Aggressiveness(StrEnum):
    """How readily a trial is ended early."""

    OFF = "off"  # never
    CONSERVATIVE = "conservative"  # from a quarter of a trial on; about the better half goes on
    STANDARD = "standard"  # from an eighth on; about the best quarter
    AGGRESSIVE = "aggressive"  # from a twelfth on; the best fifth; may lose a late riser


PRUNERS = {
    "successive_halving": "not among the best part of those that came to the same rung",
    "hyperband": "successive halving in several brackets, early and late",
    "median": "worse than the median of the others at the same step",
    "percentile": "outside the best share of the others at the same step",
    "threshold": "outside a band of values",
    "patient": "another pruner, once nothing improves for a while",
    "wilcoxon": "worse on many instances, by a signed-rank test",
    "nop": "never",
}
"""The pruners by name, and whom each ends early."""

PARETO, CONSTRAINTS = "pareto", "constraints"
"""What `PrunerSettings.prune_on` can be beside a metric."""


class PrunerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The pruner by name, how hard it prunes, and every number that is set on its own.

    ``pruner`` is one of nop, median, percentile, threshold, patient, successive_halving,
    hyperband, wilcoxon. ``steps`` is how many steps a full trial reports, where that is known.
    ``prune_on`` is the metric that the pruner judges; or `PARETO` or `CONSTRAINTS`, which judge
    several metrics by numbers of their own and need no pruner. ``None`` is the metric of a study
    that has one, and `PARETO` for a study that has several.
    ``control_fraction``, from 0 to 1, is the share of trials that run to their end whatever the
    pruner says.
    """

    pruner: str = "successive_halving"
    aggressiveness: Aggressiveness = Aggressiveness.STANDARD
    steps: int | None = None
    parameters: dict[str, int | float | bool | str] = {}
    control_fraction: float = 0.0
    prune_on: str | None = None
