"""What the commands share on the command line: the database, and how values are read."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter, Token

from schema.brokers.address import URL_VARIABLE
from schema.durations import parse_duration
from schema.errors import WrongInput
from schema.identity import ORCHESTRATOR

if TYPE_CHECKING:
    from schema.brokers.address import BrokerAddress

DATABASE = Path("trialmq.db")
ENVIRONMENT = "env"
"""As the URL of a broker: what the environment says."""


def read_seconds(_: Any, tokens: Sequence[Token]) -> float:
    """The seconds of an option that takes a duration.

    Raises:
        WrongInput: it is none.
    """
    try:
        return parse_duration(tokens[0].value)
    except WrongInput as error:
        raise WrongInput(f"{tokens[0].keyword}: {error}") from error


Seconds = Annotated[float, Parameter(converter=read_seconds, metavar="TIME")]


EVERYWHERE = Group("Everywhere", sort_key=9)


@Parameter(name="*", group=EVERYWHERE)
@dataclass(frozen=True, kw_only=True)
class Always:
    """Options of every command."""

    debug: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Show the traceback of an error."""


@Parameter(name="*", group=EVERYWHERE)
@dataclass(frozen=True, kw_only=True)
class Common(Always):
    """Options of every command on a database."""

    db: Annotated[Path, Parameter(env_var="TRIALMQ_DB")] = DATABASE
    """The database with the studies."""

    @property
    def hint(self) -> list[str]:
        """The words that name this database in a command, where it is not the usual one."""
        return [] if self.db == DATABASE else ["--db", str(self.db)]


@Parameter(name="*", group=EVERYWHERE)
@dataclass(frozen=True, kw_only=True)
class Place(Common):
    """Options of a command on a database here, or on a service elsewhere."""

    connect: Annotated[str | None, Parameter(metavar="URL", show_default=False)] = None
    """Ask a service instead, at ws:// or by its broker; env: at TRIALMQ_BROKER_URL."""

    token_file: Annotated[Path | None, Parameter(metavar="FILE", show_default=False)] = None
    """A file with the token for ws://, that only its owner can read; or TRIALMQ_TOKEN."""

    orchestrator: Annotated[str, Parameter(metavar="NAME")] = ORCHESTRATOR
    """With --connect to a broker: the --name of the `trialmq serve` that is meant."""

    @property
    def hint(self) -> list[str]:
        """The words that name this place in a command, where it is not the usual database."""
        if self.connect is None:
            return super().hint
        token = [] if self.token_file is None else ["--token-file", str(self.token_file)]
        return ["--connect", self.connect, *token, *_named(self.orchestrator)]


@Parameter(name="*", group=EVERYWHERE)
@dataclass(frozen=True, kw_only=True)
class Fleet(Always):
    """Options of a command that asks a running service: the one that is named, else the one at
    TRIALMQ_BROKER_URL, else the one that runs here on the usual database."""

    connect: Annotated[str | None, Parameter(metavar="URL", show_default=False)] = None
    """The service, at ws:// or by its broker. [default: TRIALMQ_BROKER_URL, else --db]"""

    db: Annotated[
        Path | None, Parameter(env_var="TRIALMQ_DB", metavar="FILE", show_default=False)
    ] = None
    """The database that a `trialmq run`, `train` or `serve` on this machine has."""

    token_file: Annotated[Path | None, Parameter(metavar="FILE", show_default=False)] = None
    """A file with the token for ws://, that only its owner can read; or TRIALMQ_TOKEN."""

    orchestrator: Annotated[str, Parameter(metavar="NAME")] = ORCHESTRATOR
    """With --connect to a broker: the --name of the `trialmq serve` that is meant."""

    @property
    def place(self) -> Place:
        """Where it looks."""
        usual = self.connect is None and self.db is None
        by_environment = usual and bool(os.environ.get(URL_VARIABLE))
        return Place(
            db=self.db or DATABASE,
            connect=ENVIRONMENT if by_environment else self.connect,
            token_file=self.token_file,
            orchestrator=self.orchestrator,
        )


@Parameter(name="*", group=Group("Broker", sort_key=1))
@dataclass(frozen=True, kw_only=True)
class BrokerOptions:
    """Options of a process that joins a broker for good."""

    broker: Annotated[str | None, Parameter(metavar="URL", show_default=False)] = None
    """amqp[s]://user@host/vhost, without a password. [default: TRIALMQ_BROKER_URL]"""

    broker_file: Annotated[Path | None, Parameter(metavar="FILE", show_default=False)] = None
    """A file that holds the URL, and that only its owner can read."""

    broker_password_file: Annotated[Path | None, Parameter(metavar="FILE", show_default=False)] = (
        None
    )
    """A file that holds the password alone; or set TRIALMQ_BROKER_PASSWORD."""


ALWAYS = Always()
COMMON = Common()
HERE = Place()
FLEET = Fleet()
BROKER = BrokerOptions()


def joined_address(options: BrokerOptions) -> "BrokerAddress":
    """The broker that a service or a runner joins.

    Raises:
        BrokerError: none is named, or what names it is wrong.
    """
    from trialmq.connecting import address_of

    return address_of(
        options.broker,
        option="--broker",
        file=options.broker_file,
        password_file=options.broker_password_file,
    )


def _named(orchestrator: str) -> list[str]:
    return [] if orchestrator == ORCHESTRATOR else ["--orchestrator", orchestrator]


def at_least_one(option: str, value: int | None) -> None:
    """Check a count.

    Raises:
        WrongInput: it is below 1.
    """
    if value is not None and value < 1:
        raise WrongInput(f"{option} {value}: it should be at least 1")


def read_parameters(texts: Sequence[str]) -> Iterator[tuple[str, int | float | str]]:
    """The numbers of a pruner in ``name=value`` texts.

    Raises:
        WrongInput: one of them is something else.
    """
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongInput(f"--pruner-parameter {text}: write name=value")
        yield name.strip(), number_or_word(value.strip())


def number_or_word(text: str) -> int | float | str:
    """A number if it reads as one, else the text."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
