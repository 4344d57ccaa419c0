"""The runners of an orchestrator: who they are, what they offer, whether they may be given more.

What a runner is comes with its ``Hello``, how it is with its heartbeats, what a person wants of it
from a client. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.service.differences import first_difference, of_this_name, same_objective
from schema.commands.runners import Held, Presence, RunnerOverview
from schema.messages import DeviceHealth, Heartbeat, Hello, Steer
from schema.study import ObjectiveDescription, StudySpec

SUSPECT_SECONDS = 20.0
"""A runner that is silent for longer, four heartbeats, may be in trouble."""

PRESENT_SECONDS = 30.0
"""A runner that was silent for longer, six heartbeats, is handed no further trials."""

FORGOTTEN_SECONDS = 24 * 3600.0
"""A runner that holds nothing and was silent for longer is not listed any more."""


class Match(NamedTuple):
    """The runner's own entry for the objective of a study, or why it has none; both empty where it
    offers nothing of that name."""

    entry: str = ""
    misfit: str = ""


@dataclass(slots=True, kw_only=True)
class Runner:
    """A runner as the orchestrator knows it; ``seen`` is monotonic seconds.

    ``boot`` names its spool: another one means that all it held before is gone. ``refused`` says
    why it is given nothing at all, ``matches`` what it was found to have for a study, by the
    study's name. It has ``left`` when it said goodbye. ``began`` is as in its ``Hello``;
    ``replaced`` are host and beginning of those that had its spool before it.
    """

    name: str
    boot: str
    slots: int
    offers: dict[str, ObjectiveDescription]
    seen: float
    host: str = ""
    began: float = 0.0
    version: str = ""
    devices: tuple[DeviceHealth, ...] = ()
    draining: bool = False
    left: bool = False
    degraded: str = ""
    refused: str = ""
    steer: Steer = Steer.RUN
    matches: dict[str, Match] = field(default_factory=dict)
    replaced: frozenset[tuple[str, float]] = frozenset()

    def available(self, now: float) -> bool:
        """May it be given anything?"""
        return (
            not self.refused
            and not self.draining
            and not self.left
            and self.steer is Steer.RUN
            and now - self.seen <= PRESENT_SECONDS
        )

    def able(self, spec: StudySpec) -> bool:
        """Can it run trials of this study: is it what it offers, and is there a GPU for it?"""
        if not self.entry(spec):
            return False
        needed = spec.objective.gpu_memory
        if needed is None or not self.devices:
            return True
        sizes = [device.memory_total for device in self.devices]
        return any(size is None or size >= needed for size in sizes)

    def offers_like(self, entry: str) -> bool:
        """Does it offer something of that name, in whatever folder?"""
        return bool(of_this_name(entry, self.offers.values()))

    def entry(self, spec: StudySpec) -> str:
        """Its own entry for the study's objective; empty if it has none."""
        return self._match(spec).entry

    def misfit(self, spec: StudySpec) -> str:
        """Why its objective of that name is not the study's, in a sentence; empty if it is."""
        return self._match(spec).misfit

    def _match(self, spec: StudySpec) -> Match:
        known = self.matches.get(spec.name)
        if known is None:
            known = self.matches[spec.name] = self._compare(spec.offered)
        return known

    def _compare(self, wanted: ObjectiveDescription) -> Match:
        named = of_this_name(wanted.entry, self.offers.values())
        differences = {offer.entry: first_difference(wanted, offer) for offer in named}
        same = [entry for entry, difference in differences.items() if not difference]
        if len(same) == 1:
            return Match(entry=same[0])
        if same:
            several = f"runner {self.name} offers several that could be {wanted.entry}: "
            return Match(misfit=several + ", ".join(same))
        for entry, difference in differences.items():
            offers = f"runner {self.name} offers {entry} with another configuration"
            return Match(misfit=f"{offers}: {difference}")
        return Match()

    def is_not(self, heartbeat: Heartbeat) -> bool:
        """Is this of another process, which has its spool too?"""
        told = heartbeat.began and self.began
        return bool(told) and heartbeat.began != self.began

    def after(self, earlier: "Runner") -> None:
        """It has come in the place of ``earlier``."""
        if earlier.boot == self.boot and not earlier.left:
            self.replaced = (earlier.replaced | {(earlier.host, earlier.began)}) - {
                (self.host, self.began)
            }

    def keeps_out(self, hello: Hello, now: float) -> str:
        """Why whoever says this cannot have the name of this runner; empty if he may.

        He may if he has its spool, or if it is not there any more: it said goodbye, nothing was
        heard of it lately, or he was started after it on its host, which is how one that was
        killed comes back. Who had its spool, and speaks after he was replaced, has a copy of it.
        """
        if self.left or self.refused or now - self.seen > SUSPECT_SECONDS:
            return ""
        another = f"another runner called {self.name!r}"
        if hello.boot == self.boot:
            if (hello.host, hello.began) not in self.replaced:
                return ""
            there = f"{another} was started on host {self.host or 'unknown'} with a copy of this"
            return f"{there} one's folder; give each a --state-dir of its own and a --name"
        if hello.host != self.host:
            there = f"{another} is connected from host {self.host or 'unknown'}"
            return f"{there}; start this one with another --name"
        if hello.began < self.began:
            return f"{another} was started on this host after it; start one with another --name"
        return ""

    def presence(self, now: float, lease_seconds: float) -> Presence:
        """How long ago it was heard of."""
        silent = now - self.seen
        if self.left:
            return Presence.GONE
        if silent < SUSPECT_SECONDS:
            return Presence.LIVE
        return Presence.SUSPECT if silent <= lease_seconds else Presence.GONE

    def overview(self, now: float, lease_seconds: float, held: Iterable[Held]) -> RunnerOverview:
        """What a client is shown of it."""
        misfits = [match.misfit for match in self.matches.values()]
        return RunnerOverview(
            name=self.name,
            host=self.host,
            version=self.version,
            slots=self.slots,
            offers=tuple(self.offers),
            presence=self.presence(now, lease_seconds),
            silent_seconds=now - self.seen,
            steer=self.steer,
            draining=self.draining,
            degraded=self.degraded,
            refused="; ".join(filter(None, [self.refused, *misfits])),
            devices=self.devices,
            held=tuple(held),
        )


def offered(runners: Sequence[Runner]) -> list[ObjectiveDescription]:
    """The objectives that runners offer, each once; of those with one name the first runner's.

    What one runner has in two folders is two objectives; what two have in one each is one.
    """
    offers: dict[str, ObjectiveDescription] = {}
    for runner in runners:
        others = list(offers.values())
        for entry, objective in runner.offers.items():
            if not any(same_objective(objective, other) for other in others):
                offers.setdefault(entry, objective)
    return list(offers.values())
