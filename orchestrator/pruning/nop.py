"""The pruner that lets every trial run to its end: pruning switched off."""

from orchestrator.pruning.pruner import Prune, Pruner


class NopPruner(Pruner):
    """Never prunes and remembers nothing."""

    def observe(self, trial: int, step: int, value: float) -> None:
        """Forget the value at once."""

    def judge(self, trial: int) -> Prune | None:
        """Always go on."""
        return None
