"""A plan as a person reads it: a line a change, what it replaces, when it counts, what is odd."""

from collections.abc import Callable, Mapping

from nicegui import ui

from schema.figures import brief
from schema.values import Value
from webui.editing.changes import Effect, NotSent, Plan, PlannedChange

EFFECTS: Mapping[Effect, tuple[str, str]] = {
    Effect.LIVE: ("live", "good"),
    Effect.RESTART: ("waits for a restart", "warning"),
    Effect.SAVED: ("", ""),
}


def said(value: Value | None) -> str:
    """A value as it stands in a sentence."""
    return "nothing" if value is None else brief(value) or "empty"


def summary(plan: Plan) -> str:
    """``2 live, 1 waits for a restart, 1 outside of what is searched``."""
    counts = plan.counts
    restart = counts[Effect.RESTART]
    said = [
        (counts[Effect.LIVE], "live"),
        (restart, "waits for a restart" if restart == 1 else "wait for a restart"),
        (plan.outside, "outside of what is searched"),
        (len(plan.left_out), "cannot be sent"),
    ]
    return ", ".join(f"{count} {text}" for count, text in said if count)


class PlanView:
    """Shows a plan; with ``toggled`` a person may leave out what is wanted, by path."""

    def __init__(self, toggled: Callable[[str, bool], None] | None = None) -> None:
        self._toggled = toggled
        self._place = ui.element("div").classes("plan")

    def show(self, plan: Plan, unwanted: Mapping[str, Value] | None = None) -> None:
        """Show `plan`, and beneath it what a person took out of it."""
        self._place.clear()
        with self._place:
            for change in plan.changes:
                self._change(change, wanted=change.path in plan.edits)
            for path, value in (unwanted or {}).items():
                self._line(path, said(value), "left out by you", chosen=False)
            for left_out in plan.left_out:
                self._left_out(left_out)
            if not plan.changes:
                ui.label("Nothing would change.").classes("tmq-dim plan-none")

    def _change(self, change: PlannedChange, *, wanted: bool) -> None:
        with self._row():
            self._box(change.path, chosen=True, free=wanted)
            ui.label(change.path).classes("plan-path")
            with ui.element("div").classes("plan-values"):
                ui.label(said(change.old)).classes("plan-old")
                ui.label("→").classes("tmq-dim")
                ui.label(said(change.new)).classes("plan-new")
            with ui.element("div").classes("plan-remarks"):
                text, kind = EFFECTS[change.effect]
                if text:
                    ui.label(text).classes(f"tmq-badge {kind}")
                for remark in (change.follows, change.outside):
                    if remark:
                        ui.label(remark).classes("tmq-dim tmq-small")

    def _left_out(self, left_out: NotSent) -> None:
        self._line(left_out.path, said(left_out.value), left_out.why, bad=True)

    def _line(
        self, path: str, value: str, why: str, *, bad: bool = False, chosen: bool | None = None
    ) -> None:
        with self._row().classes("plan-out"):
            self._box(path, chosen=bool(chosen), free=chosen is not None)
            ui.label(path).classes("plan-path")
            ui.label(value).classes("plan-values")
            ui.label(why).classes("plan-remarks tmq-small" + (" plan-bad" if bad else ""))

    def _row(self) -> ui.element:
        return ui.element("div").classes("plan-row")

    def _box(self, path: str, *, chosen: bool, free: bool) -> None:
        if self._toggled is None:
            return
        toggled = self._toggled
        box = ui.checkbox(value=chosen, on_change=lambda e: toggled(path, bool(e.value)))
        box.props(f'dense size=xs aria-label="{path}"')
        box.set_enabled(free)
