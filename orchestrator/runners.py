"""The runners of an orchestrator: who they are, what they offer, whether they may be given more.

What a runner is comes with its ``Hello``, how it is with its heartbeats, what a person wants of it
from a client. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from orchestrator.differences import first_difference
from schema.messages import DeviceHealth, Steer
from schema.requests import Held, Presence, RunnerOverview
from schema.study import ObjectiveDescription, StudySpec

SUSPECT_SECONDS = 20.0
"""A runner that is silent for longer, four heartbeats, may be in trouble."""

PRESENT_SECONDS = 30.0
"""A runner that was silent for longer, six heartbeats, is handed no further trials."""

FORGOTTEN_SECONDS = 24 * 3600.0
"""A runner that holds nothing and was silent for longer is not listed any more."""


@dataclass(slots=True, kw_only=True)
class Runner:
    """A runner as the orchestrator knows it; ``seen`` is monotonic seconds.

    ``boot`` names its spool: another one means that all it held before is gone. ``refused`` says
    why it is given nothing at all, ``misfits`` why it is given nothing of a study.
    """

    name: str
    boot: str
    slots: int
    offers: dict[str, ObjectiveDescription]
    seen: float
    host: str = ""
    version: str = ""
    devices: tuple[DeviceHealth, ...] = ()
    draining: bool = False
    degraded: str = ""
    refused: str = ""
    steer: Steer = Steer.RUN
    misfits: dict[str, str] = field(default_factory=dict)

    def available(self, now: float) -> bool:
        """May it be given anything?"""
        return (
            not self.refused
            and not self.draining
            and self.steer is Steer.RUN
            and now - self.seen <= PRESENT_SECONDS
        )

    def able(self, spec: StudySpec) -> bool:
        """Can it run trials of this study: is it what it offers, and is there a GPU for it?"""
        objective = spec.objective
        if objective.entry not in self.offers or self.misfit(spec):
            return False
        needed = objective.gpu_memory
        if needed is None or not self.devices:
            return True
        sizes = [device.memory_total for device in self.devices]
        return any(size is None or size >= needed for size in sizes)

    def misfit(self, spec: StudySpec) -> str:
        """Why its objective of that name is not the study's, in a sentence; empty if it is."""
        offered = self.offers.get(spec.objective.entry)
        if offered is None:
            return ""
        known = self.misfits.get(spec.name)
        if known is None:
            difference = first_difference(spec.objective, offered)
            known = self.misfits[spec.name] = (
                f"runner {self.name} offers {offered.entry} with another configuration: "
                f"{difference}"
                if difference
                else ""
            )
        return known

    def presence(self, now: float, lease_seconds: float) -> Presence:
        """How long ago it was heard of."""
        silent = now - self.seen
        if silent < SUSPECT_SECONDS:
            return Presence.LIVE
        return Presence.SUSPECT if silent <= lease_seconds else Presence.GONE

    def overview(self, now: float, lease_seconds: float, held: Iterable[Held]) -> RunnerOverview:
        """What a client is shown of it."""
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
            refused="; ".join(filter(None, [self.refused, *self.misfits.values()])),
            devices=self.devices,
            held=tuple(held),
        )


def offered(runners: Sequence[Runner]) -> list[ObjectiveDescription]:
    """The objectives that runners offer; of those with one name the first runner's."""
    offers: dict[str, ObjectiveDescription] = {}
    for runner in runners:
        for entry, objective in runner.offers.items():
            offers.setdefault(entry, objective)
    return list(offers.values())
