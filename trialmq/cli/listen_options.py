"""The options that say where a run, a training or a service listens to clients and browsers."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from schema.errors import WrongInput

if TYPE_CHECKING:
    from trialmq.listening import ListenChoices

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


@Parameter(name="*", group=Group("Listening", sort_key=6))
@dataclass(frozen=True, kw_only=True)
class ListenOptions:
    """Where clients and the page are served."""

    listen: Annotated[str | None, Parameter(metavar="[HOST:]PORT", show_default=False)] = None
    """Serve the page and clients there. [default: 127.0.0.1, first free port from 8484]"""

    no_listen: Flag = False
    """Serve neither."""

    new_token: Flag = False
    """Ask everybody for a token that is made now, and shown with the address."""

    @property
    def given(self) -> str:
        """The first of these options that was given."""
        named = {
            "--listen": self.listen is not None,
            "--no-listen": self.no_listen,
            "--new-token": self.new_token,
        }
        return next((option for option, is_given in named.items() if is_given), "")


LISTEN = ListenOptions()


def check_not_given(options: ListenOptions) -> None:
    """Check that nothing is said about listening where nothing runs.

    Raises:
        WrongInput: there is.
    """
    if options.given:
        raise WrongInput(f"{options.given}: with --connect nothing runs here; the service listens")


def listen_choices(options: ListenOptions, token_file: Path | None) -> "ListenChoices | None":
    """What the options ask for; ``None`` where nobody is to be served.

    Raises:
        WrongInput: they contradict each other, or would let everybody in.
    """
    from orchestrator.client.gateway_address import read_token
    from orchestrator.gateway.listening import Listen, parse_listen
    from trialmq.listening import ListenChoices, is_installed, new_token

    if options.no_listen:
        if options.listen is not None or options.new_token:
            raise WrongInput("--no-listen: that goes with no other option about listening")
        return None
    if options.new_token and token_file is not None:
        raise WrongInput("--new-token and --token-file: give one of them")
    if not (options.given or is_installed()):
        return None
    choices = ListenChoices(
        listen=Listen(or_next=True) if options.listen is None else parse_listen(options.listen),
        token=new_token() if options.new_token else read_token(os.environ, token_file=token_file),
        shown=options.new_token,
    )
    choices.check()
    return choices
