"""What came out of one row of the matrix, and whether that is as it must be."""

import msgspec


class Findings(msgspec.Struct, kw_only=True):
    """A row: how many faults were injected, and what the oracle found afterwards.

    ``repeated`` are trials that were started again after an attempt had finished its work;
    ``recovery_seconds`` the longest time from a fault (or its end, where nothing could go on
    before) to the first record that was stored after it. A row that could not be injected has a
    reason in ``skipped``. ``notes`` are of interest and no violation.
    """

    number: str
    title: str
    injections: int = 0
    lost: int = 0
    recovered: int = 0
    unexpected: int = 0
    duplicated: int = 0
    repeated: int = 0
    recovery_seconds: float | None = None
    seconds: float = 0.0
    trials: int = 0
    judged: int = 0
    violations: list[str] = []
    notes: list[str] = []
    skipped: str = ""
    kills: dict[str, int] = {}

    @property
    def well(self) -> bool:
        """True when nothing is lost, unexpected, duplicated or otherwise wrong."""
        return not self.violations
