"""``trialmq show``: one trial with its configuration, curve, attempts, failure and output."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from schema.durations import shown_duration
from schema.errors import WrongInput
from schema.events import EventKind
from schema.figures import counted, measured, shown_metrics
from schema.revision import RevisionState
from trialmq.cli.curve import plot
from trialmq.cli.marks import mark_lines
from trialmq.cli.options import HERE, Place
from trialmq.cli.profile_names import NUMBER
from trialmq.cli.revision_lines import history_lines

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from schema.results import AttemptResult, Event
    from trialmq.cli.reading import TrialHistory

PLOT_WIDTH, PLOT_HEIGHT = 72, 9
OUTPUT_LINES = 20


def show(*words: str, common: Place = HERE) -> None:
    """Show one trial.

    Its configuration by group, the curve of its metric, why it was pruned or
    failed (of a control trial: when the pruner would have ended it), what
    each attempt did, and the end of what it printed.

    Args:
        words: STUDY NUMBER or STUDY:NUMBER, or NUMBER alone where the database has only one study
    """
    from trialmq.cli.reading import read_trial
    from trialmq.cli.terminal import console

    study, number = study_and_number(words)
    history = read_trial(common, study, number)
    screen = console()
    for block in blocks(history, screen):
        screen.print(block)
        screen.print()
    if history.attempts:
        for text in last_words(history.attempts[-1]):
            screen.print(text, soft_wrap=True)
            screen.print()


def study_and_number(words: tuple[str, ...]) -> tuple[str | None, int]:
    """The study, if it is named, and the number of the trial.

    Raises:
        WrongInput: it is something else.
    """
    if len(words) == 1 and NUMBER in words[0]:
        study, _, number = words[0].rpartition(NUMBER)
        words = (study, number)
    if not 1 <= len(words) <= 2 or not words[-1].isdecimal():
        raise WrongInput("show: write trialmq show STUDY NUMBER, as in trialmq show wakeword 12")
    return (words[0] if len(words) == 2 else None), int(words[-1])


def blocks(history: "TrialHistory", screen: "Console") -> "Iterator[RenderableType]":
    """Everything there is to show of a trial, from the top."""
    from rich.text import Text

    from schema.growing import as_used
    from trialmq.cli.configuration import configuration_table
    from trialmq.cli.terminal import STATE_STYLE

    trial, spec = history.trial, history.spec
    head = Text.assemble((f"{spec.name}  trial {trial.number}  ", "name"))
    head.append(trial.state, STATE_STYLE[trial.state])
    head.append(f"  {shown_duration(trial.seconds)}, {counted(trial.reports, 'report')}", "faint")
    if trial.reason:
        kind = f"{trial.failure}: " if trial.failure else "because: "
        head.append(f"\n{kind}{trial.reason}")
    head.append(
        "".join(f"\nqueued: {e.text}" for e in history.events if e.kind == EventKind.QUEUED)
    )
    if said := control_sentence(history.events):
        head.append(f"\n{said}")
    for warning in (event.text for event in history.events if event.kind == EventKind.WARNING):
        head.append("\nwarning: ", "failed").append(warning)
    for line in mark_lines(trial, history.events):
        head.append(f"\n{line}", "changed")
    if trial.metrics:
        head.append(f"\n{shown_metrics(trial.metrics)}")
    elif trial.value is not None:
        head.append(f"\nlast {spec.metric.name} {measured(trial.value)}")
    yield head
    yield configuration_table(as_used(spec.objective, trial.config), trial.config, screen.width)
    points = [(float(s), m[spec.metric.name]) for s, _, m in history.curve if spec.metric.name in m]
    if len(points) > 1:
        marks = [(step, f"r{number}") for number, step in in_force(history)]
        lines = plot(points, min(PLOT_WIDTH, screen.width), PLOT_HEIGHT, marks)
        yield Text.assemble((f"{spec.metric.name} by step\n", "name"), "\n".join(lines))
    if history.revisions:
        told = [line for revision in history.revisions for line in history_lines(revision)]
        yield Text.assemble(("edits\n", "name"), "\n".join(told))
    if history.attempts:
        yield attempts_table(history.attempts)


def in_force(history: "TrialHistory") -> "Iterator[tuple[int, float]]":
    """Each revision that took effect in the attempt of the curve, with the step of the curve at
    which it did: where the attempt began with it, its first."""
    for revision in history.revisions if history.curve else ():
        for effect in {revision.effect(change.path) for change in revision.changes}:
            applied = effect.state is RevisionState.APPLIED
            if applied and effect.attempt == history.trial.attempt:
                first = history.curve[0][0]
                yield revision.number, float(first if effect.step is None else effect.step)


def control_sentence(events: "Sequence[Event]") -> str:
    """What the pruner said of a control trial's last attempt; empty for any other trial."""
    attempt: dict[str, str] = {}
    for event in events:
        if event.kind == EventKind.LEASED:
            attempt = {}
        attempt.setdefault(event.kind, event.text)
    if EventKind.CONTROL not in attempt:
        return ""
    would = attempt.get(EventKind.WOULD_PRUNE)
    return "control trial, " + (
        f"the pruner would have ended it: {would}" if would else "the pruner had no objection"
    )


def attempts_table(attempts: "Sequence[AttemptResult]") -> "Table":
    """What became of each attempt."""
    from rich.table import Table

    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("attempt", "runner", "device", "outcome", "time", "because"):
        table.add_column(title, justify="right" if title in ("attempt", "time") else "left")
    for attempt in attempts:
        table.add_row(
            str(attempt.number),
            attempt.runner,
            attempt.device or "",
            attempt.outcome or "running",
            "" if attempt.seconds is None else shown_duration(attempt.seconds),
            ": ".join(part for part in (attempt.failure, attempt.reason) if part),
        )
    return table


def last_words(attempt: "AttemptResult") -> "Iterator[Text]":
    """The traceback and the end of the output of an attempt, where there are any."""
    from rich.text import Text

    if attempt.traceback:
        yield Text(attempt.traceback.rstrip(), "failed")
    if attempt.output and attempt.output.strip():
        lines = attempt.output.rstrip().splitlines()
        left = f", its last {OUTPUT_LINES} lines" if len(lines) > OUTPUT_LINES else ""
        shown = "\n".join(lines[-OUTPUT_LINES:])
        yield Text.assemble((f"output{left}\n", "name"), shown)
