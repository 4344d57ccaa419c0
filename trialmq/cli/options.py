"""What the commands share on the command line: the database, and how values are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter, Token

from schema.errors import WrongInput
from trialmq.cli.durations import parse_duration

DATABASE = Path("trialmq.db")


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
class Common:
    """Options of every command."""

    db: Annotated[Path, Parameter(env_var="TRIALMQ_DB")] = DATABASE
    """The database with the studies."""

    debug: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Show the traceback of an error."""

    @property
    def hint(self) -> list[str]:
        """The words that name this database in a command, where it is not the usual one."""
        return [] if self.db == DATABASE else ["--db", str(self.db)]


COMMON = Common()


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
        yield name.strip(), _number_or_word(value.strip())


def _number_or_word(text: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
