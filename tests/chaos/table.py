"""The matrix as people read it: a line while it runs, one table at the end."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.findings import Findings

COLUMNS = ("injections", "lost", "recovered", "unexpected", "duplicated", "work repeated")


def progress_line(findings: Findings) -> str:
    """What became of a row."""
    if findings.skipped:
        return f"–  {findings.number:<5} {findings.title}: not here: {findings.skipped}"
    mark = "✓" if findings.well else "✗"
    line = (
        f"{mark}  {findings.number:<5} {findings.title}: {findings.injections} injected, "
        f"{findings.trials} trials, {findings.seconds:.1f} s"
    )
    return "\n".join(
        [line, *(f"       {said}" for said in (*findings.violations, *findings.notes))]
    )


def show(console: Console, rows: Sequence[Findings]) -> None:
    """The table, and below it what was violated and what could not be injected."""
    table = Table("case", "", "", title="chaos", title_justify="left")
    for column in (*COLUMNS, "to recover"):
        table.add_column(column, justify="right")
    for row in rows:
        if row.skipped:
            table.add_row(row.number, row.title, "–", *[""] * len(COLUMNS), "")
            continue
        slowest = "" if row.recovery_seconds is None else f"{row.recovery_seconds:.1f} s"
        counts = (row.injections, row.lost, row.recovered, row.unexpected, row.duplicated)
        numbers = [str(count) for count in (*counts, row.repeated)]
        mark = "[green]✓[/]" if row.well else "[red]✗[/]"
        table.add_row(row.number, row.title, mark, *numbers, slowest)
    run = [row for row in rows if not row.skipped]
    sums = [
        str(sum(getattr(row, word) for row in run))
        for word in ("injections", "lost", "recovered", "unexpected", "duplicated", "repeated")
    ]
    table.add_section()
    table.add_row("", f"{sum(row.trials for row in run)} trials", "", *sums, "")
    console.print(table)
    kinds: dict[str, int] = {}
    for row in run:
        for what, times in row.kills.items():
            kinds[what] = kinds.get(what, 0) + times
    console.print("injected: " + ", ".join(f"{n} × {what}" for what, n in sorted(kinds.items())))
    for row in rows:
        if row.skipped:
            console.print(f"– {row.number} {row.title}: not here: {row.skipped}", markup=False)
        for sentence in row.notes:
            console.print(f"! {row.number} {row.title}: {sentence}", markup=False)
        for sentence in row.violations:
            console.print(f"✗ {row.number} {row.title}: {sentence}", markup=False)
