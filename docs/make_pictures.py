"""Makes the pictures of the README from a real sweep: the view half-way, and the last screen.

    python docs/make_pictures.py examples/wakeword/train.py:train --trials 24 --db pictures.db

takes what ``trialmq run`` takes and writes ``docs/images/progress.svg`` and ``result.svg``, with
commands as they are for the usual database. The study must be a new one.
"""

import asyncio
import io
import re
import sys
from pathlib import Path

from rich.console import Console, RenderableType

from schema.results import Progress
from trial_runner.devices import share
from trialmq.cli.ending import Ending, without_option
from trialmq.cli.live_view import LiveView, screen_of
from trialmq.cli.main import application
from trialmq.cli.options import Common
from trialmq.cli.run_options import choices_from
from trialmq.cli.terminal import THEME
from trialmq.sweep import sweep

IMAGES = Path(__file__).parent / "images"
WIDTH = 92
TAKEN_AT = 0.55
"""Which share of the trials has ended when the picture of the view is taken."""


class Camera(LiveView):
    """The live view, which remembers one moment."""

    picture: RenderableType = ""

    def show(self, progress: Progress | None) -> None:
        """Draw it, and keep the first moment worth a picture."""
        super().show(progress)
        if progress is None or progress.limit is None or self.picture:
            return
        busy = progress.running and all(trial.reports > 1 for trial in progress.running)
        if busy and TAKEN_AT * progress.limit <= progress.ended < progress.limit:
            self.picture = screen_of(self.moment(progress), WIDTH, 40)


def paper() -> Console:
    """A console that keeps what is printed on it."""
    return Console(
        theme=THEME,
        highlight=False,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        width=WIDTH,
    )


def save(console: Console, name: str, title: str) -> None:
    """Write what was printed as a picture; it loads no font from anywhere."""
    picture = console.export_svg(title=title)
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / name).write_text(picture, encoding="utf-8")


async def main(words: list[str]) -> None:
    """Run the sweep that the words of a ``trialmq run`` describe, and take its pictures."""
    _, bound, _ = application().parse_args(["run", *words])
    given = bound.arguments
    choices = choices_from(given["objective"], given["options"], given["common"])
    camera = Camera(paper(), runners=len(share(choices.runners)), limit=choices.limits.seconds)
    async with camera:
        result = await sweep(choices, camera.watch)
    title = f"trialmq run {choices.objective}"
    for name, show in (("progress.svg", camera.picture), ("result.svg", None)):
        sheet = paper()
        if show is None:
            command = ["run", *without_option(words, "--db")]
            ending = Ending(result=result, first=camera.first, command=command, common=Common())
            ending.show(sheet)
        else:
            sheet.print(show)
        save(sheet, name, title)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
