"""Trainings that run, where a configuration can be sent, and what is in force in them."""

from collections.abc import Iterable

import msgspec

from orchestrator.client.client import Client
from schema.results import StudyOverview
from schema.revision import Revision
from schema.space import Space
from schema.study import StudySpec
from schema.values import Value
from webui.editing.changes import fits, head


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A training that can be edited: the one trial of a session, or a trial that runs."""

    study: str
    number: int = 0
    spec: StudySpec

    @property
    def space(self) -> Space:
        """The space that an edit of it obeys."""
        return self.spec.objective.space

    @property
    def name(self) -> str:
        """How it is called in a sentence."""
        if self.spec.is_session:
            return f"session {self.study}"
        return f"trial {self.number} of {self.study}"


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """The newest revision of a training that was not refused: what an edit is made from."""

    revision: int
    values: dict[str, Value]


def sessions(studies: Iterable[StudyOverview], space: Space) -> list[Target]:
    """The sessions that have not ended and share variables with `space`, the newest first."""
    going = (
        study
        for study in studies
        if study.spec.is_session
        and any(count and not state.ended for state, count in study.counts.items())
    )
    newest = sorted(going, key=lambda study: study.created, reverse=True)
    return [
        Target(study=s.name, spec=s.spec) for s in newest if fits(space, s.spec.objective.space)
    ]


async def in_force(client: Client, target: Target) -> InForce:
    """What the newest revision of a training says.

    Raises:
        UnknownName: there is no such training any more.
    """
    revisions = await all_revisions(client, target.study, target.number)
    trial = (await client.trial(target.study, target.number)).trial
    number, values = head(trial.config, revisions)
    return InForce(revision=number, values=values)


async def all_revisions(client: Client, study: str, number: int) -> list[Revision]:
    """Every revision of a training, number 1 first."""
    found: list[Revision] = []
    while page := await client.revisions(study, number=number, first=len(found) + 1):
        found += page
    return found
