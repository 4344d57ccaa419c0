"""A configuration that a person sends somewhere: a trial with its edited cells. Pure."""

from collections.abc import Mapping

import msgspec

from schema.results import TrialResult
from schema.space import Space
from schema.values import Value
from webui.live.study import LiveStudy


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Trial ``number`` of ``study``: what it says itself, and what was edited. ``space`` is that of
    its study, of which a ``search`` searches a part."""

    study: str
    number: int
    config: Mapping[str, Value]
    edits: Mapping[str, Value]
    space: Space
    search: bool

    @property
    def searched(self) -> Space | None:
        """The space that is searched; None of a session."""
        return self.space if self.search else None

    @property
    def values(self) -> dict[str, Value]:
        """The configuration as the table shows it."""
        return {**self.config, **self.edits}

    @property
    def name(self) -> str:
        """How it is called in a sentence."""
        if not self.search:
            return f"the edits of session {self.study}"
        return f"trial {self.number} of {self.study}"


def source_of(study: LiveStudy, trial: TrialResult) -> Source:
    """A trial of a study with its edited cells."""
    return Source(
        study=study.name,
        number=trial.number,
        config=trial.config,
        edits=study.drafts.values(trial.number),
        space=study.space,
        search=not study.overview.spec.is_session,
    )


def widened(searched: Space, offered: Space | None) -> Space:
    """All that the configuration class allows, of which a study searches maybe only a part.

    `offered` is the space as its class declares it, where a runner offers it.
    """
    if offered is None:
        return searched
    return Space(
        variables=tuple(
            offered.variable(v.path)
            if offered.has(v.path) and offered.variable(v.path).kind == v.kind
            else v
            for v in searched.variables
        )
    )
