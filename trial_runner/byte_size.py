"""Sizes of memory as people write them: ``"6GiB"``, ``"800MiB"``, ``"6GB"``."""

import re
from fractions import Fraction

from schema.errors import WrongInput

UNITS = {
    "B": 1,
    **{letter + "B": 1000**power for power, letter in enumerate("KMGT", 1)},
    **{letter + "iB": 1024**power for power, letter in enumerate("KMGT", 1)},
}
"""Bytes in a unit: GB are 10⁹ and GiB 2³⁰."""

_SPELT = {unit.lower(): size for unit, size in UNITS.items()}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII | re.IGNORECASE)
_MOST = 2**63 - 1  # what the database holds


def parse_bytes(size: str | int) -> int:
    """Bytes of ``"6GiB"``, or of a whole number, which already are bytes.

    Part of a byte is cut off; the case of the unit does not matter.

    Raises:
        WrongInput: it reads otherwise, or is no amount of memory.
    """
    amount = Fraction(0)
    if isinstance(size, int) and not isinstance(size, bool):
        amount = Fraction(size)
    elif isinstance(size, str) and (match := _FORM.fullmatch(size.strip())):
        amount = Fraction(match[1]) * _SPELT.get(match[2].lower(), 0)
    if not 1 <= amount <= _MOST:
        raise WrongInput(
            f'memory {size!r}: write it as "6GiB", "800MiB" or "6GB", or as a whole number of bytes'
        )
    return int(amount)


def format_bytes(size: int) -> str:
    """``size`` in the largest binary unit of which it is at least one: ``"5.9 GiB"``.

    It is cut and not rounded: what lacks a little does not look as if it were enough.
    """
    unit = next((u for u in ("TiB", "GiB", "MiB", "KiB") if size >= UNITS[u]), "B")
    tenths = size * 10 // UNITS[unit]
    return f"{tenths / 10:.1f}".removesuffix(".0") + f" {unit}"
