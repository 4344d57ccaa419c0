"""How long a sweep will still take, estimated from a picture of it. Pure."""

import math

from schema.results import Progress


def time_left(
    progress: Progress, *, runners: int | None, elapsed: float, limit: float | None
) -> float | None:
    """Seconds until the study ends; ``None`` where that cannot be said yet.

    A trial takes the mean duration of those that ended, pruned ones included, and what has not
    started yet is shared by the runners; ``limit`` is the run's time limit, of which ``elapsed``
    has passed.
    """
    known = [] if limit is None else [max(0.0, limit - elapsed)]
    typical = progress.typical_seconds
    if progress.limit is not None and typical is not None:
        rests = [max(0.0, typical - trial.seconds) for trial in progress.running]
        waiting = max(0, progress.limit - progress.ended - len(rests))
        share = len(rests) if runners is None else runners
        shared = (math.fsum(rests) + waiting * typical) / max(1, share)
        known.append(max([shared, *rests]))
    return min(known, default=None)
