"""The pruner that lets every trial run to its end: pruning switched off."""

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner


class NopPruner(Pruner):
    """Never prunes and remembers nothing."""

    def report(self, trial: int, step: int, value: float) -> Prune | None:
        """Forget the value at once and go on."""
        return None

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Always go on."""
        return None
