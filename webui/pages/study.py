"""A study: how it goes, in linked charts, with the details of the selected trial beside them."""

import time
from math import ceil

from nicegui import ui

from schema.figures import counted
from webui import addresses
from webui.charts.card import Card
from webui.charts.cards import (
    CurvesCard,
    HistoryCard,
    ImportanceCard,
    ParallelCard,
    ParetoCard,
    SlicesCard,
    TimelineCard,
)
from webui.charts.snapshot import Snapshot
from webui.charts.spans import spans
from webui.components.trial_drawer import TrialDrawer
from webui.live.insight import Insight
from webui.page_context import PageContext

EVERY_SECONDS = 0.25
ASK_SECONDS = 1.0
REST = 4
"""After a drawing it rests for so many times what that took, so that a large study stays calm."""


def page(context: PageContext) -> None:
    """Build the page."""
    StudyPage(context)


class StudyPage:
    """The page of one tab."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._study = context.the_study()
        self._selection = context.selection
        self._insight = Insight(context.client, self._study)
        self._drawn = 0  # the version of the study
        self._set = 0  # how often a person set something
        self._done_at: object = None
        self._known_at = 0
        self._moment = 0
        self._rest_until = 0.0
        with ui.element("div").classes("tmq-study"):
            with ui.element("div").classes("tmq-study-main"):
                self._build_bar()
                with ui.element("div").classes("tmq-cards"):
                    self._cards = self._build_cards()
            self._drawer = TrialDrawer(context)
        self._client = ui.context.client
        ui.timer(EVERY_SECONDS, self._refresh)
        ui.timer(ASK_SECONDS, self._ask)
        end = self._selection.listen(lambda: end() if self._bar.is_deleted else self._picked())
        self._picked()

    # ------------------------------------------------------------------ what stands here

    def _build_bar(self) -> None:
        with ui.element("div").classes("tmq-study-bar") as self._bar:
            spec = self._study.overview.spec
            aim = ", ".join(f"{m.direction} {m.name}" for m in spec.objective.metrics)
            bounds = [
                f"{c.metric} {'≤' if c.at_most else '≥'} {c.bound:g}"
                for c in spec.objective.constraints
            ]
            pruner = self._study.settings.settings.pruner
            said = [aim, *bounds, f"{spec.sampler} sampler", f"{pruner.pruner} pruner"]
            ui.label(" · ".join(said)).classes("tmq-dim tmq-small")
            ui.element("div").classes("tmq-space")
            self._brush = ui.label().classes("tmq-small").mark("brush")
            self._show_brushed = ui.link("Show in the table", addresses.trials(self._study.name))
            self._show_brushed.classes("tmq-small")
            self._clear = ui.button("Clear brush", on_click=self._unbrush)
            self._clear.props("flat dense size=sm no-caps").mark("clear brush")

    def _build_cards(self) -> list[Card]:
        several = len(self._study.overview.spec.objective.metrics) > 1
        kinds: list[type[Card]] = [HistoryCard, CurvesCard]
        kinds += [ParetoCard] if several else []
        kinds += [ImportanceCard, TimelineCard, ParallelCard, SlicesCard]
        return [kind(self._selection, self._again) for kind in kinds]

    # ------------------------------------------------------------------ drawing

    def _again(self) -> None:
        self._set += 1

    async def _refresh(self) -> None:
        """Draw what changed, and no chart of which nothing did."""
        began = time.monotonic()
        if not self._client.has_socket_connection or began < self._rest_until:
            return
        await self._drawer.refresh()
        due = self._due(began)
        if not due:
            return
        snapshot = self._snapshot()
        for card in due:
            await card.draw(snapshot)
            card.stale, card.drawn_at = False, began
        ended = time.monotonic()
        self._rest_until = ended + REST * (ended - began)

    def _due(self, now: float) -> list[Card]:
        """The cards to draw: what a person did is seen at once, all else when a card says so."""
        study = self._study
        done, known = (self._selection.version, self._set), self._insight.version
        at_once = done != self._done_at
        whole = at_once or known != self._known_at or bool(study.patches_since(self._drawn))
        moment = int(now) if study.progress.running else 0
        moved = (study.version, moment) != (self._drawn, self._moment)
        for card in self._cards:
            card.stale = card.stale or whole or (moved and card.moves)
        self._drawn, self._done_at, self._known_at = study.version, done, known
        self._moment = moment
        return [
            card
            for card in self._cards
            if card.stale and (at_once or now >= card.drawn_at + card.every)
        ]

    def _snapshot(self) -> Snapshot:
        study = self._study
        rows = {number: row for number, row in study.rows.items() if not row.hidden}
        return Snapshot(
            spec=study.overview.spec,
            rows=rows,
            curves={number: curve for number, curve in study.curves.items() if number in rows},
            running={trial.number: trial.metrics for trial in study.progress.running},
            spans=spans(rows.values(), self._insight.attempts),
            now=ceil(time.time()),  # what runs grows on the timeline once a second
            selected=self._selection.selected,
            brushed=self._selection.brushed,
            importance=self._insight.importance,
            line=self._insight.line,
        )

    async def _ask(self) -> None:
        if self._client.has_socket_connection:
            await self._insight.refresh()

    # ------------------------------------------------------------------ what is picked

    def _picked(self) -> None:
        brushed = self._selection.brushed
        drawn = brushed is not None
        for element in (self._brush, self._show_brushed, self._clear):
            element.set_visibility(drawn)
        if brushed is not None:
            self._brush.set_text(f"The brush leaves {counted(len(brushed), 'trial')}.")

    def _unbrush(self) -> None:
        for card in self._cards:
            if isinstance(card, ParallelCard):
                card.unbrush()
