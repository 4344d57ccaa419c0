"""``trialmq studies``: what a database or a service holds, a line a study."""

from schema.results import StudyOverview, TrialResult
from trialmq.cli.options import HERE, Place


def studies(*, common: Place = HERE) -> None:
    """List the studies of a database, or of a running service."""
    import datetime

    from rich.table import Table

    from orchestrator.reading.summary import best_of
    from schema.figures import measured
    from schema.trial import TrialState
    from trialmq.cli.reading import read_studies
    from trialmq.cli.terminal import STATE_STYLE, console

    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("study", style="name", no_wrap=True)
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.WAITING):
        table.add_column(state, justify="right", style=STATE_STYLE[state], no_wrap=True)
    table.add_column("best", no_wrap=True)
    table.add_column("of trial", justify="right")
    table.add_column("last change", style="faint", no_wrap=True)
    found = read_studies(common)
    if some := any(map(_remark, found)):
        table.add_column("", no_wrap=True)
    for overview, trials in found:
        spec = overview.spec
        best = best_of(spec, trials)
        waiting = sum(n for state, n in overview.counts.items() if not state.ended)
        changed = datetime.datetime.fromtimestamp(overview.active or overview.created)
        table.add_row(
            spec.name,
            *(str(overview.counts.get(s, 0)) for s in list(TrialState)[3:6]),
            str(waiting),
            "" if best is None else f"{spec.metric.name} {measured(best.value or 0.0)}",
            "" if best is None else str(best.number),
            f"{changed:%m-%d %H:%M}",
            *([_remark((overview, trials))] if some else []),
        )
    console().print(table)


def _remark(study: tuple[StudyOverview, list[TrialResult]]) -> str:
    """``session, running, from profile quiet@2``; empty for a search of the objective's space."""
    (overview, trials), said = study, []
    if overview.spec.is_session:
        said += ["session", *(trial.state.value for trial in trials)]
    if overview.spec.origin:
        said.append(f"from {overview.spec.origin}")
    return ", ".join(said)
