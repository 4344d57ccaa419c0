"""Texts that nobody else may see, passwords and tokens, and the files that hold them."""

import stat
from pathlib import Path

from schema.errors import WrongInput


class Secret:
    """A text that no log, traceback or table shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"


def private_text(file: Path) -> str:
    """The one line of a file that only its owner can read.

    Raises:
        WrongInput: it cannot be read, could be read by others, or holds something else.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8").strip()
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongInput(f"{file} cannot be read: it is no text") from error
    if stat.S_IMODE(mode) & 0o077:
        raise WrongInput(f"{file} can be read by others than its owner; run: chmod 600 {file}")
    if not text or "\n" in text:
        raise WrongInput(f"{file}: one line is expected, the secret and nothing else")
    return text
