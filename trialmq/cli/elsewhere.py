"""``trialmq run --connect``: the same command on the runners of a service.

The study is created there and followed with the same views. Whoever presses Ctrl-C is asked whether
it should go on without them; where nobody can be asked, it does.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from schema.errors import WrongInput
from trialmq.cli.ending import written_command
from trialmq.cli.line_view import LineView
from trialmq.cli.live_view import LiveView
from trialmq.cli.options import Place
from trialmq.cli.reaching import reached
from trialmq.cli.view import View
from trialmq.following import Following
from trialmq.interruption import uninterrupted
from trialmq.sweep_result import SweepResult

if TYPE_CHECKING:
    from rich.console import Console

    from schema.results import Progress
    from trialmq.choices import SweepChoices

LOADING = "asking the service…"
PARTING = "Ctrl-C leaves it running, or stops it"


def view_of_service(screen: "Console") -> View:
    """A view of a study that runs elsewhere."""
    if screen.quiet:
        return View()
    if screen.is_terminal and not screen.is_dumb_terminal:
        return LiveView(screen, runners=None, limit=None, loading=LOADING, parting=PARTING)
    return LineView(screen, runners=None, limit=None, loading=LOADING)


async def run_elsewhere(
    choices: "SweepChoices", place: Place, view: View, command: Sequence[str]
) -> SweepResult | str:
    """How the study ended, or the sentence for somebody who left before.

    Raises:
        WrongInput: no runner offers the objective, or a choice is wrong.
        WorkFailed: no service answers.
    """
    if choices.isolate:
        raise WrongInput("--isolate: with --connect that is for `trialmq runner --isolate`")
    async with reached(place) as client:
        async with view:
            following = await Following.begin(client, choices)
            view.watch(following.picture, following.silent)
            done = await uninterrupted(following.until_done())
        if done:
            return await following.result()
        again = written_command(command)
        how_far = _how_far(following.progress)
        if await _leave_it_running():
            return f"{how_far}, and the study goes on; follow it again with: {again}"
        await following.stop("stopped from the command line")
        return f"{how_far}, and no more are started; go on with: {again}"


def _how_far(progress: "Progress") -> str:
    of = "" if progress.limit is None else f" of {progress.limit}"
    return f"interrupted: {progress.ended}{of} trials are done"


async def _leave_it_running() -> bool:
    """Ask, where somebody can answer; another Ctrl-C says yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print("trialmq: leave it running? [Y/n] ", end="", file=sys.stderr, flush=True)
    answer = _Line()
    return not await uninterrupted(answer.read()) or not answer.text.lower().startswith("n")


class _Line:
    """What a person types next; reading it can be cancelled, which a thread's could not."""

    text = ""

    async def read(self) -> None:
        loop = asyncio.get_running_loop()
        typed = asyncio.Event()
        loop.add_reader(sys.stdin, typed.set)
        try:
            await typed.wait()
        finally:
            loop.remove_reader(sys.stdin)
        self.text = sys.stdin.readline().strip()
