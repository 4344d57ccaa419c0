"""Sentences that a person should read although all went well: on standard error, a line each."""

import sys
from collections.abc import Iterable


def tell(about: str, notes: Iterable[str]) -> None:
    """Write each of the notes about something; quiet or not, as nothing happens silently."""
    for note in notes:
        print(f"trialmq: {about}: {note}", file=sys.stderr, flush=True)
