"""How long a sweep will still take, estimated from a picture of it. Pure."""

import math

from orchestrator.progress import Progress


def time_left(
    progress: Progress, *, runners: int, elapsed: float, limit: float | None
) -> float | None:
    """Seconds until the study ends; ``None`` where that cannot be said yet.

    What is not done yet takes the mean duration of the trials that ended, pruned ones included,
    shared by the runners; ``limit`` is the run's time limit, of which ``elapsed`` has passed.
    """
    known = [] if limit is None else [max(0.0, limit - elapsed)]
    typical = progress.typical_seconds
    if progress.limit is not None and typical is not None:
        missing = max(0, progress.limit - progress.ended)
        done = math.fsum(min(trial.seconds, typical) for trial in progress.running)
        known.append(max(0.0, missing * typical - done) / max(1, min(runners, missing)))
    return min(known, default=None)
