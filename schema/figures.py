"""Numbers and values as people write them: ``3e-4``, not ``0.00030000000000000003``."""

import math
from collections.abc import Mapping

from schema.values import Value, written

DIGITS = 4
BRIEF = 10


def figure(number: float, digits: int = DIGITS) -> str:
    """A number with so many significant digits, in powers of ten where that is shorter."""
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if number != 0 and not 1e-3 <= abs(number) < 1e6:
        mantissa, _, exponent = f"{number:.{digits - 1}e}".partition("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{int(exponent)}"
    return f"{number:.{digits}g}" if abs(number) < 10**digits else f"{number:.0f}"


def measured(number: float) -> str:
    """A metric: always the same number of digits, so that a column of them can be compared."""
    if isinstance(number, float) and 1e-3 <= abs(number) < 10**DIGITS:
        return f"{number:#.{DIGITS}g}".rstrip(".")
    return figure(number)


def shown_value(value: Value) -> str:
    """A value of a variable: ``true``, ``24``, ``3e-4``, ``adamw``."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else figure(value)


def brief(value: Value) -> str:
    """`written`, but of a number that is longer than `BRIEF` characters the first six digits."""
    text = written(value)
    return figure(value, 6) if isinstance(value, float) and len(text) > BRIEF else text


def shown_metrics(metrics: Mapping[str, float]) -> str:
    """``f1 0.8834 · loss 0.231``."""
    return " · ".join(f"{name} {measured(value)}" for name, value in metrics.items())


def counted(count: int, noun: str) -> str:
    """``1 trial``, ``2 trials``, ``1,200 trials``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
