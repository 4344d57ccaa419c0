"""``trialmq run``: search for the best configuration of an objective, or go on searching.

The options become `SweepChoices`; a view follows the study, which runs here, or with ``--connect``
on the runners of a service; and what came out becomes the last screen, the JSON file and the exit
code.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from trialmq.cli.json_file import STDOUT, check_json_file, write_json_file
from trialmq.cli.listen_options import LISTEN, ListenOptions, check_not_given, listen_choices
from trialmq.cli.options import HERE, Place
from trialmq.cli.run_options import RunOptions, choices_from

if TYPE_CHECKING:
    from rich.console import Console

    from trialmq.choices import SweepChoices
    from trialmq.cli.view import View
    from trialmq.listening import ListenChoices
    from trialmq.sweep_result import SweepResult

DEFAULTS = RunOptions()


def run(
    objective: str,
    /,
    *,
    options: RunOptions = DEFAULTS,
    listening: ListenOptions = LISTEN,
    common: Place = HERE,
    tokens: Annotated[Sequence[str], Parameter(parse=False)],
) -> int:
    """Search for the best configuration of an objective.

    Everything is kept in a database as it happens: the same command goes on
    where it was, however it ended, and a larger --trials makes it longer.
    Ctrl-C ends it and keeps the running trials as waiting; twice: at once.

    With --connect the trials run on the runners of a `trialmq serve`, and
    Ctrl-C may leave the study running; the same command follows it again.

    Args:
        objective: path/to/file.py:function or package.module:function
    """
    from trialmq.cli.ending import Ending
    from trialmq.cli.terminal import console

    choices = choices_from(objective, options, common)
    if options.json is not None:
        check_json_file(options.json)
    screen = console(stderr=options.json == STDOUT, quiet=options.quiet)
    if common.connect is None:
        view = _view_of_sweep(screen, choices)
        listen = listen_choices(listening, common.token_file)
        result = asyncio.run(_sweep(choices, view, listen))
    else:
        check_not_given(listening)
        from trialmq.cli.elsewhere import run_elsewhere, view_of_service

        view = view_of_service(screen)
        found = asyncio.run(run_elsewhere(choices, common, view, tokens))
        if isinstance(found, str):
            print(f"trialmq: {found}", file=sys.stderr)
            return 130
        result = found
    if options.json is not None:
        write_json_file(options.json, result.summary)
    ending = Ending(result=result, first=view.first, command=list(tokens), common=common)
    if result.interrupted:
        print(f"trialmq: {ending.interrupted()}", file=sys.stderr)
        return 130
    if not result.broken_because:
        ending.show(screen)
    if problem := ending.problem():
        print(f"trialmq: {problem}", file=sys.stderr)
        return 1
    return 0


async def _sweep(
    choices: "SweepChoices", view: "View", listen: "ListenChoices | None"
) -> "SweepResult":
    async with view:
        from trialmq.sweep import sweep

        return await sweep(choices, view.watch, listen, view.tell)


def _view_of_sweep(screen: "Console", choices: "SweepChoices") -> "View":
    from trial_runner.devices import share
    from trialmq.cli.line_view import LineView
    from trialmq.cli.live_view import LiveView
    from trialmq.cli.view import View

    if screen.quiet:
        return View()
    runners, limit = len(share(choices.runners)), choices.limits.seconds
    if screen.is_terminal and not screen.is_dumb_terminal:
        return LiveView(screen, runners=runners, limit=limit)
    return LineView(screen, runners=runners, limit=limit)
