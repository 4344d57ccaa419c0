"""``trialmq best``: the best configuration of a study, to look at or to use."""

import sys
from typing import Literal

from trialmq.cli.options import HERE, Place


def best(
    study: str | None = None,
    /,
    *,
    format: Literal["table", "toml", "json"] = "table",
    common: Place = HERE,
) -> None:
    """Show the best configuration of a study.

    Args:
        study: Its name; not needed where the database has only one
        format: A table to look at, or the complete configuration alone, nested by group
    """
    from orchestrator.reading.summary import best_of
    from schema.errors import WorkFailed
    from schema.values import nest
    from trialmq.cli.reading import read_study

    found = read_study(common, study)
    trial = best_of(found.spec, found.trials)
    if trial is None:
        raise WorkFailed(
            f"study {found.spec.name!r} has no complete trial"
            f"{' that holds the constraints' if found.spec.objective.constraints else ''} yet"
        )
    if format == "toml":
        import tomli_w

        sys.stdout.write(tomli_w.dumps(nest(trial.config)))
    elif format == "json":
        import msgspec

        text = msgspec.json.format(msgspec.json.encode(nest(trial.config)), indent=2)
        sys.stdout.write(text.decode() + "\n")
    else:
        from rich.markup import escape

        from schema.figures import shown_metrics
        from schema.growing import as_used
        from trialmq.cli.configuration import configuration_table
        from trialmq.cli.front import front_sentence, front_table
        from trialmq.cli.marks import marks_of
        from trialmq.cli.terminal import console

        screen = console()
        title = f"[name]{found.spec.name}[/]  [best]trial {trial.number}[/]  "
        marks = f"  [changed]{escape(marks_of(trial))}[/]" if marks_of(trial) else ""
        screen.print(title + shown_metrics(trial.metrics or {}) + marks, end="\n\n")
        if front := front_sentence(found.spec, found.trials):
            screen.print(front)
            screen.print(front_table(found.spec, found.trials), end="\n\n")
        space = as_used(found.spec.objective, trial.config)
        screen.print(configuration_table(space, trial.config, screen.width))
