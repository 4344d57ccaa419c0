"""Which of the objectives that runners offer is meant by what a person wrote. Pure.

The same file may lie in another folder on another machine, so an entry is also found by its end:
``train``, ``train.py:train`` and ``~/project/train.py:train`` all mean ``project/train.py:train``.
"""

import re
from collections.abc import Sequence

from schema.commands.runners import RunnerOverview
from schema.errors import UnknownName, WrongInput
from schema.study import ObjectiveDescription


class NotOffered(UnknownName):
    """No runner offers this objective."""

    def __init__(self, wanted: str, runners: Sequence[RunnerOverview]) -> None:
        WrongInput.__init__(self, f"no runner offers {wanted!r}; {_offered(runners)}")
        self.name = wanted


def meant(
    wanted: str, offers: Sequence[ObjectiveDescription], runners: Sequence[RunnerOverview]
) -> ObjectiveDescription:
    """The offer that ``wanted`` names: by its whole text, else by its end, else by file and name.

    Raises:
        NotOffered: none of them; says what ``runners`` offer.
        WrongInput: it could be several.
    """
    for same in (str.__eq__, _one_ends_with_the_other, _same_file_and_name):
        found = [offer for offer in offers if same(offer.entry, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(offer.entry for offer in found)
            raise WrongInput(f"{wanted!r} could be several, write more of it: {several}")
    raise NotOffered(wanted, runners)


def _parts(entry: str) -> list[str]:
    place, _, name = entry.rpartition(":")
    return [*(part for part in re.split(r"[/\\.]+", place) if part), name]


def _one_ends_with_the_other(entry: str, wanted: str) -> bool:
    left, right = _parts(entry), _parts(wanted)
    length = min(len(left), len(right))
    return left[-length:] == right[-length:]


def _same_file_and_name(entry: str, wanted: str) -> bool:
    return re.split(r"[/\\]", entry)[-1] == re.split(r"[/\\]", wanted)[-1]


def _offered(runners: Sequence[RunnerOverview]) -> str:
    if not runners:
        return "no runner is there yet; start one with: trialmq runner --allow OBJECTIVE"
    by_entry: dict[str, list[str]] = {}
    for runner in runners:
        for entry in runner.offers:
            by_entry.setdefault(entry, []).append(runner.name)
    offers = ", ".join(f"{entry} (by {', '.join(names)})" for entry, names in by_entry.items())
    return f"offered: {offers}" if offers else "the runners that are there offer nothing"
