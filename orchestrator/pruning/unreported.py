"""Does the objective report what it is pruned on? Known when the first trial is complete. Pure."""

from collections.abc import Iterable


class Unreported:
    """Collects the names of the metrics that trials report, until it was asked."""

    def __init__(self, *, expected: bool) -> None:
        self._expected = expected  # somebody said what to prune on, so it should be reported
        self._seen: dict[str, None] = {}
        self._asked = False

    def ask_again(self, *, expected: bool) -> None:
        """It is pruned on something else from now on."""
        self._expected, self._asked = expected, False

    def see(self, metrics: Iterable[str]) -> None:
        """A trial reported these."""
        if not self._asked:
            self._seen.update(dict.fromkeys(metrics))

    def warning(self, looked_at: Iterable[str], trial: int) -> str:
        """Why nothing can be pruned, once ``trial`` is complete; empty when there is no reason to.

        An objective that reports nothing at all is left in peace, unless it was expected to.
        """
        missing = [name for name in looked_at if name not in self._seen]
        done, self._asked = self._asked, True
        if done or not missing or not (self._seen or self._expected):
            return ""
        known = ", ".join(self._seen) or "nothing"
        names = " and ".join(missing)
        return f"no trial can be pruned on {names}: trial {trial} reported {known} at its steps"
