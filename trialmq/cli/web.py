"""``trialmq web``: the page of a service elsewhere, or of a database here, until Ctrl-C."""

import asyncio
import importlib.util
import sys

from schema.errors import WrongInput
from trialmq.cli.listen_options import LISTEN, ListenOptions, listen_choices
from trialmq.cli.options import HERE, Place


def web(*, listening: ListenOptions = LISTEN, common: Place = HERE) -> int:
    """Open the page of a database, or of a running service, in a browser.

    A `trialmq run` or `trialmq serve` has the page itself, at the address that
    it tells. This is for a database that nothing runs on, and for a service on
    another machine.
    """
    if importlib.util.find_spec("nicegui") is None:
        raise WrongInput("the page needs NiceGUI, which is not there: pip install 'trialmq[page]'")
    choices = listen_choices(listening, common.token_file)
    if choices is None:
        raise WrongInput("--no-listen: the page is there to be listened to; leave that out")
    from trialmq.cli.reaching import reached
    from trialmq.web import web

    asyncio.run(web(reached(common), choices, _tell))
    return 130


def _tell(url: str) -> None:
    print(f"trialmq: the page is at {url}  (Ctrl-C ends it)", file=sys.stderr, flush=True)
