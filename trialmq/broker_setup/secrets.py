"""The secrets of the broker's users: drawn at random, kept in files that only their owner reads."""

import os
import secrets as random
from collections.abc import Iterable, Mapping
from pathlib import Path

from schema.errors import WrongInput
from schema.secrets import Secret

SECRET_BYTES = 24
"""192 bits, 32 letters of a URL's alphabet: nothing that needs quoting anywhere."""


class Secrets:
    """The secrets in one folder; without one they are shown and forgotten."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def draw(self, users: Iterable[str], *, renew: bool = False) -> dict[str, Secret]:
        """A secret for each: the one in its file, unless ``renew``, else a new one.

        Raises:
            WrongInput: a file cannot be read.
        """
        return {user: (None if renew else self._kept(user)) or _new() for user in users}

    def keep(self, secrets: Mapping[str, Secret]) -> dict[str, Path]:
        """Write each into its file; returns the files, none where there is no folder.

        A file is there as a whole or not at all, and nobody else can ever open it.

        Raises:
            WrongInput: they cannot be written.
        """
        if self._folder is None:
            return {}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for user, secret in secrets.items():
                self._write(self._file(user), secret.reveal() + "\n")
        except OSError as error:
            raise WrongInput(f"--secrets-dir {self._folder}: {error.strerror or error}") from error
        return {user: self._file(user) for user in secrets}

    def _kept(self, user: str) -> Secret | None:
        if self._folder is None or not self._file(user).exists():
            return None
        try:
            text = self._file(user).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise WrongInput(f"{self._file(user)} cannot be read: {error}") from error
        if not text or "\n" in text:
            raise WrongInput(f"{self._file(user)}: one line with the secret is expected")
        return Secret(text)

    def _file(self, user: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{user}.secret"

    def _write(self, file: Path, text: str) -> None:
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)


def _new() -> Secret:
    return Secret(random.token_hex(SECRET_BYTES))
