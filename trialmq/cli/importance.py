"""``trialmq importance``: which variables decided whether a trial was among the best."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from schema.figures import counted
from trialmq.cli.options import HERE, Place

if TYPE_CHECKING:
    from rich.table import Table

BAR = 30
EIGHTHS = " ▏▎▍▌▋▊▉█"


def importance(study: str | None = None, /, *, common: Place = HERE) -> None:
    """Show how important each searched variable was.

    By Optuna's PED-ANOVA: what sets the best trials apart from all. It takes
    ten complete trials; hidden trials and forks are left out.

    Args:
        study: Its name; not needed where the database has only one
    """
    from rich.text import Text

    from schema.errors import WorkFailed
    from trialmq.cli.reading import read_importance
    from trialmq.cli.terminal import console

    spec, found = read_importance(common, study)
    if found.because:
        raise WorkFailed(f"study {spec.name!r}: {found.because}")
    screen = console()
    for metric, shares in found.shares.items():
        title = f"  what decided {metric}, of {counted(found.trials, 'trial')}\n"
        screen.print(Text.assemble((spec.name, "name"), title))
        screen.print(bars(shares))
        screen.print()
        groups: dict[str, float] = {}
        for path, share in shares.items():
            group = path.rpartition(".")[0] or path
            groups[group] = groups.get(group, 0.0) + share
        if 1 < len(groups) < len(shares):
            screen.print(bars(dict(sorted(groups.items(), key=lambda item: -item[1]))))
            screen.print()


def bars(shares: Mapping[str, float]) -> "Table":
    """A row a name: its share of the whole, and a bar that is longest for the largest."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    largest = max(shares.values(), default=0.0) or 1.0
    for name, share in shares.items():
        table.add_row(name, f"{share:.0%}", Text(bar(share / largest), "running"))
    return table


def bar(share: float) -> str:
    """A bar of at most `BAR` characters, in eighths of one."""
    whole, eighths = divmod(round(share * BAR * 8), 8)
    return ("█" * whole + EIGHTHS[eighths]).rstrip()
