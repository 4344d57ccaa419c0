"""Colours, for light and dark, and the style sheet and scripts that every page has.

One palette feeds both the style sheet (``var(--tmq-accent)``) and the charts (`LIGHT.accent`).
Nothing is fetched from another host: the font is the system's.
"""

from pathlib import Path

import msgspec
from nicegui import ui

from schema.trial import TrialState

STATIC = Path(__file__).parent / "static"
STYLES = ("page.css", "charts.css", "trials.css", "session.css", "thresholds.css", "settings.css")
SCRIPTS = ("page.js", "charts.js", "trials.js")

COOKIE = "trialmq-theme"
"""Where the browser keeps whether a person wants light or dark; without it, the system says."""


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of one appearance."""

    background: str
    surface: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    good: str
    warning: str
    bad: str
    series: tuple[str, ...]
    """For the lines of a chart, told apart also by those who see fewer colours."""

    def state(self, state: TrialState) -> str:
        """The colour of a trial in this state."""
        return {
            TrialState.WAITING: self.dim,
            TrialState.LEASED: self.accent,
            TrialState.RUNNING: self.accent,
            TrialState.COMPLETE: self.good,
            TrialState.PRUNED: self.dim,
            TrialState.FAILED: self.bad,
            TrialState.CANCELLED: self.dim,
        }[state]


LIGHT = Palette(
    background="#f6f7f9",
    surface="#ffffff",
    raised="#eef0f3",
    line="#d9dde3",
    text="#1b1f24",
    dim="#5f6b7a",
    accent="#1f6feb",
    on_accent="#ffffff",
    good="#1a7f37",
    warning="#9a6700",
    bad="#cf222e",
    series=("#1f6feb", "#c2410c", "#0f766e", "#9333ea", "#a16207", "#be185d", "#475569"),
)
DARK = Palette(
    background="#0f1216",
    surface="#171b21",
    raised="#20262e",
    line="#2e3640",
    text="#e3e7ec",
    dim="#97a3b2",
    accent="#5aa2ff",
    on_accent="#0b1220",
    good="#4cc26a",
    warning="#d8a127",
    bad="#ff6b66",
    series=("#5aa2ff", "#fb923c", "#2dd4bf", "#c084fc", "#facc15", "#f472b6", "#94a3b8"),
)


def apply() -> None:
    """Give the page that is being built its colours, style sheet and scripts."""
    styles = "\n".join(_read(style) for style in STYLES)
    ui.add_head_html(f"<style>{_variables()}\n{styles}</style>")
    for script in SCRIPTS:
        ui.add_head_html(f"<script>{_read(script)}</script>")


def wanted(cookies: dict[str, str]) -> bool | None:
    """True for dark, False for light, None for what the system says."""
    return {"dark": True, "light": False}.get(cookies.get(COOKIE, ""))


def _variables() -> str:
    return f":root{{{_declared(LIGHT)}}}\n.body--dark{{{_declared(DARK)}}}"


def _declared(palette: Palette) -> str:
    colours = {
        name.replace("_", "-"): value
        for name, value in msgspec.structs.asdict(palette).items()
        if isinstance(value, str)
    }
    states = {f"state-{state}": palette.state(state) for state in TrialState}
    series = {f"series-{index}": colour for index, colour in enumerate(palette.series)}
    declared = {**colours, **states, **series}
    return "".join(f"--tmq-{name}:{value};" for name, value in declared.items())


def _read(name: str) -> str:
    return (STATIC / name).read_text("utf-8")
