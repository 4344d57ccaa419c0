"""The colours of the charts, by their names in the style sheet (`webui.theme`).

An option says ``var(--tmq-state-complete)``; the browser puts the colour of the appearance in its
place when it draws, and again when light becomes dark. So a state has the same colour in every
chart and in the table, and nothing of the theme is known on the server.
"""

from schema.trial import TrialState

TEXT, DIM, SURFACE = "var(--tmq-text)", "var(--tmq-dim)", "var(--tmq-surface)"
SELECTED = "var(--tmq-warning)"
BEST = "var(--tmq-state-complete)"
THRESHOLD = "var(--tmq-bad)"
SERIES = tuple(f"var(--tmq-series-{index})" for index in range(7))
"""For things without an order of their own: groups, metrics, studies."""

STATE_OPACITY = {TrialState.PRUNED: 0.5, TrialState.CANCELLED: 0.5, TrialState.WAITING: 0.5}
"""What came to no end stays in the background; everything else is opaque enough to be seen."""

FADED = 0.12
"""The opacity of what a brush leaves out."""


def state_colour(state: TrialState) -> str:
    """The colour of trials in this state."""
    return f"var(--tmq-state-{state})"


def series_colour(index: int) -> str:
    """The colour of the ``index``-th of several things; they repeat after seven."""
    return SERIES[index % len(SERIES)]
