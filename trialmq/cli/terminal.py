"""The terminal: its consoles and its few colours, so that one word looks the same everywhere."""

from rich.console import Console
from rich.theme import Theme

from schema.trial import TrialState

THEME = Theme(
    {
        "complete": "green",
        "pruned": "yellow",
        "failed": "red",
        "running": "cyan",
        "name": "bold",
        "best": "bold green",
        "changed": "bold cyan",
        "faint": "dim",
        "command": "cyan",
    }
)
STATE_STYLE = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAILED: "failed",
    TrialState.RUNNING: "running",
    TrialState.LEASED: "running",
    TrialState.WAITING: "faint",
    TrialState.CANCELLED: "faint",
}
WIDTH_OF_A_PIPE = 160


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console on stdout or stderr; a pipe is wide, so that nothing is cut off there."""
    made = Console(stderr=stderr, quiet=quiet, theme=THEME, highlight=False)
    if not made.is_terminal and "COLUMNS" not in made._environ:
        made.width = WIDTH_OF_A_PIPE
    return made
