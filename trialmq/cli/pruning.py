"""``trialmq pruning``: the numbers behind a word, and what other pruners would have done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from schema.errors import WrongInput
from schema.figures import counted, measured, shown_value
from schema.pruning import Aggressiveness, PrunerSettings
from trialmq.cli.json_file import STDOUT, check_json_file, write_json_file
from trialmq.cli.options import ALWAYS, HERE, Always, Place, read_parameters

if TYPE_CHECKING:
    from rich.table import Table

    from orchestrator.pruning.parameters import Value
    from schema.commands.insight import Replay
    from schema.study import StudySpec

LEVELS = [level for level in Aggressiveness if level is not Aggressiveness.OFF]

Name = Annotated[str, Parameter(metavar="NAME")]
Texts = Annotated[tuple[str, ...], Parameter(metavar="NAME=VALUE", negative="", show_default=False)]


def pruning_application(sort_key: int) -> App:
    """The commands ``trialmq pruning …``, at their place among the others."""
    app = App(name="pruning", help="Explain pruners, and compare them.", sort_key=sort_key)
    app.command(explain)
    app.command(replay)
    return app


def explain(
    *,
    pruner: Name = "successive_halving",
    prune_on: Annotated[str | None, Parameter(metavar="METRIC")] = None,
    aggressiveness: Aggressiveness | None = None,
    steps: Annotated[int | None, Parameter(metavar="N")] = None,
    pruner_parameter: Texts = (),
    common: Always = ALWAYS,
) -> None:
    """Show the numbers behind a pruner's aggressiveness.

    Args:
        pruner: successive_halving, hyperband, median, percentile, threshold, patient, wilcoxon
        prune_on: pareto and constraints have numbers of their own
        aggressiveness: Without: all levels side by side
        steps: How many steps a full trial reports
        pruner_parameter: Set one number: min_resource=2. May be repeated.
    """
    from orchestrator.pruning.aggressiveness import ASSUMED_STEPS
    from orchestrator.pruning.build import explain as numbers_of
    from orchestrator.pruning.parameters import RULES
    from trialmq.cli.terminal import console

    own = dict(read_parameters(pruner_parameter))
    levels = LEVELS if aggressiveness is None else [aggressiveness]
    columns = {
        level: numbers_of(
            PrunerSettings(
                pruner=pruner, prune_on=prune_on, aggressiveness=level, steps=steps, parameters=own
            )
        )
        for level in levels
    }
    screen = console()
    if not any(columns.values()):
        screen.print("Every trial runs to its end.")
        return
    unknown = f"trials of unknown length: {ASSUMED_STEPS} steps are assumed"
    length = unknown if steps is None else f"trials of {counted(steps, 'step')}"
    judge = prune_on if prune_on in RULES else pruner
    screen.print(f"[name]{judge}[/]  for {length}", end="\n\n")
    screen.print(numbers_table(columns))


def numbers_table(columns: "dict[Aggressiveness, dict[str, Value]]") -> "Table":
    """A row a number, a column a level, and a phrase that says what the number does."""
    from rich.table import Table

    from orchestrator.pruning.phrases import PHRASES

    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("number", no_wrap=True)
    for level in columns:
        table.add_column(level, justify="right", no_wrap=True)
    table.add_column("what it does", style="faint")
    for name in next(iter(columns.values())):
        cells = [shown_value(numbers[name]) for numbers in columns.values()]
        table.add_row(name, *cells, PHRASES[name])
    return table


def replay(
    study: str | None = None,
    /,
    *,
    pruner: Name | None = None,
    aggressiveness: Aggressiveness | None = None,
    pruner_parameter: Texts = (),
    json: Annotated[str | None, Parameter(metavar="FILE", allow_leading_hyphen=True)] = None,
    common: Place = HERE,
) -> None:
    """Show what pruners would have saved and lost, from a study's stored curves.

    Reports come in the order in which they were made. Only trials that ran to
    their end count: a study run with --aggressiveness off, or with some
    --control-fraction, says most.

    Args:
        study: Its name; not needed where the database has only one
        pruner: One of them, or pareto, or constraints; without: all
        aggressiveness: Without: all levels
        pruner_parameter: Set one number of --pruner: min_resource=2. May be repeated.
        json: Write the table to this file; - is standard output.
    """
    from rich.text import Text

    from trialmq.cli.reading import read_replay
    from trialmq.cli.terminal import console

    own = dict(read_parameters(pruner_parameter))
    if own and pruner is None:
        raise WrongInput("--pruner-parameter: say with --pruner whose number it is")
    if json is not None:
        check_json_file(json)
    spec, result = read_replay(common, study, pruner, aggressiveness, own)
    if json is not None:
        write_json_file(json, result)
    screen = console(stderr=json == STDOUT)
    what = counted(result.complete, "complete trial"), counted(result.steps, "report")
    replayed = f"  {what[0]} with {what[1]} of {result.metric}, replayed\n"
    screen.print(Text.assemble((result.study, "name"), replayed))
    screen.print(replay_table(result, spec))
    screen.print()
    for remark in remarks(result):
        screen.print(remark, style="faint", markup=False)


def replay_table(result: "Replay", spec: "StudySpec") -> "Table":
    """A row a pruner and level; the study's own stands out."""
    from rich.table import Table

    from orchestrator.engine.control_trials import TOPS
    from orchestrator.pruning.prune_on import judge_of, settled

    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("\npruner", "\nlevel"):
        table.add_column(title, no_wrap=True)
    lost = [f"{'lost of' if top == TOPS[0] else ''}\ntop {top}" for top in TOPS]
    if result.front:
        lost.append(f"of {result.front} on\nthe front")
    for title in ("trials\nended", "steps\nsaved", *lost, f"best {result.metric}\nleft"):
        table.add_column(title, justify="right")
    settings = settled(spec.settings.pruner, spec.objective)
    for row in result.replayed:
        own = (row.pruner, row.aggressiveness) == (judge_of(settings), settings.aggressiveness)
        table.add_row(
            row.pruner,
            row.aggressiveness,
            str(row.pruned),
            f"{row.steps_saved / result.steps:.0%}",
            *(str(row.lost.get(top, "–")) for top in TOPS),
            *([str(row.front_lost)] if result.front else []),
            "–" if row.best is None else measured(row.best),
            style="name" if own else None,
        )
    return table


def remarks(result: "Replay") -> "Sequence[str]":
    """What to know when reading the table."""
    said = ["Only trials that ran to their end count: they are the truth that is known."]
    if result.pruned:
        had = "1 trial was" if result.pruned == 1 else f"{result.pruned} trials were"
        said.append(
            f"{had} pruned when the study ran, and the end is not known: the complete trials are "
            "the better ones, so a pruner would have saved more than it says here."
        )
    said += [
        f"{name} is left out: {reason}, with --pruner {name} --pruner-parameter NAME=VALUE."
        for name, reason in result.left_out.items()
    ]
    return said
