"""Thresholds of a session, explored on the scores of its own training, or of the one it came from.

A training stores its scores at its end. Until then those of the trial that the session started from
are used, where it started from one, and the panel says so.
"""

from collections.abc import Callable

from nicegui import ui

from orchestrator.client.client import Client
from schema.errors import UnknownName
from schema.study import StudySpec
from schema.values import Value
from webui.page_context import PageContext
from webui.session.revisions import Revisions
from webui.thresholds.explorer import ThresholdExplorer

Take = Callable[[dict[str, Value]], None]


class ThresholdsPanel:
    """The panel of one tab; ``take`` is handed the values that a person wants."""

    def __init__(self, context: PageContext, revisions: Revisions, take: Take) -> None:
        self._context = context
        self._study = context.the_study()
        self._revisions = revisions
        self._take = take
        with ui.element("div").classes("tmq-panel"):
            with ui.element("div").classes("tmq-panel-head"):
                ui.label("Thresholds")
                self._whose = ui.label().classes("tmq-dim tmq-small")
                ui.element("div").classes("tmq-space")
                self._open = ui.button("Explore", icon="tune", on_click=self._explore)
                self._open.props("flat dense no-caps").mark("explore")
            self._place = ui.element("div").classes("thresholds-panel")
        with self._place:
            text = "Move the decision threshold over stored validation scores; nothing is trained."
            ui.label(text).classes("tmq-dim")

    async def _explore(self) -> None:
        trial = self._study.rows.get(0)
        study, number = self._study.name, 0
        if trial is None or not trial.state.ended:
            origin = await origin_of(self._context.client, self._study.overview.spec)
            study, number = origin or (study, number)
        values = {**self._revisions.values, **self._study.drafts.values(0)}
        self._place.clear()
        with self._place:
            explorer = ThresholdExplorer(
                self._context, study, number, self._study.space, values, self._take
            )
        found = await explorer.load()
        own = study == self._study.name
        self._whose.set_text("" if own or not found else f"scores of trial {number} of {study}")
        self._open.set_text("Load again" if found else "Explore")


async def origin_of(client: Client, spec: StudySpec) -> tuple[str, int] | None:
    """Study and number of the trial that a session started from, also by way of a profile."""
    kind, _, name = spec.origin.partition(" ")
    if kind == "profile":
        profile, _, version = name.partition("@")
        try:
            stored = await client.profile(profile, int(version) if version else None)
        except UnknownName:
            return None
        source = stored.profile.provenance
        return None if source.trial is None else (source.study, source.trial)
    study, colon, number = name.rpartition(":")
    return (study, int(number)) if kind == "trial" and colon and number.isdigit() else None
