"""Carries a plan out at a broker on this machine, by its own rabbitmqctl."""

import json
import subprocess
from collections.abc import Mapping, Sequence

from schema.errors import WorkFailed, WrongInput
from schema.secrets import Secret
from trialmq.broker_setup.definitions import definitions
from trialmq.broker_setup.plan import Plan

SECONDS = 60.0
"""How long one call may take; an ordinary one takes a second."""


class Rabbitmqctl:
    """``command`` is how it is called, with the options that name the node."""

    def __init__(self, command: Sequence[str] = ("rabbitmqctl",)) -> None:
        self._command = (*command, "-q")

    def call(self, *arguments: str, reads: str = "") -> str:
        """What it prints.

        Raises:
            WrongInput: there is no such program.
            WorkFailed: it refused, or did not end in time; the message has its last words.
        """
        try:
            done = subprocess.run(
                [*self._command, *arguments],
                input=reads,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except OSError as error:
            raise WrongInput(
                f"--rabbitmqctl {self._command[0]}: {error.strerror or error}; run this on the "
                "machine of the broker, or leave --apply out and run the script there"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise WorkFailed(f"rabbitmqctl {arguments[0]}: no answer in {SECONDS:g} s") from error
        if done.returncode:
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            words = " ".join(line.strip() for line in said[:3]) or f"exit code {done.returncode}"
            raise WorkFailed(f"rabbitmqctl {arguments[0]} failed: {words}")
        return done.stdout

    def users(self) -> set[str]:
        """The users that exist."""
        rows = self.call("list_users", "--no-table-headers").splitlines()
        return {row.partition("\t")[0] for row in rows if row}

    def apply(self, plan: Plan, secrets: Mapping[str, Secret]) -> None:
        """Everything of ``plan`` is there on return; users that ``secrets`` leaves out keep theirs.

        Raises:
            WrongInput, WorkFailed: as `call`.
        """
        self.call("import_definitions", reads=json.dumps(definitions(plan, secrets)))
