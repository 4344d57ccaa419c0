"""Every error that TrialMQ raises on purpose, as one small tree.

TrialMQError
├── WrongInput                 what the user gave is wrong; says what would be right (exit code 2)
│   ├── ConfigurationError     a configuration class or a value of it
│   │   └── InvalidValue       one value of one variable
│   ├── UnknownName            a variable, study, file or function that does not exist
│   ├── BrokerError            the broker's address is wrong, it is not there, or it refuses
│   ├── GatewayError           the address of a service is wrong, nobody is there, or it refuses
│   ├── Conflict               what was to be changed has changed meanwhile
│   └── StoreError             the database is not ours, is newer, is locked or cannot be written
├── WorkFailed                 the input was right, the work was not done (exit code 1)
└── ProtocolError              a message that no well-behaved peer would send
    └── Undecodable            bytes that are not a message

Foreign errors are translated into these, with ``from``, in the one file that knows the library.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class TrialMQError(Exception):
    """Something went wrong."""


class WrongInput(TrialMQError):
    """What was given is wrong."""


class ConfigurationError(WrongInput):
    """A configuration class or a value of it is wrong."""


class InvalidValue(ConfigurationError):
    """One value of one variable is refused, with the sentence that says what would be right."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


FEW = 12
"""So many names are listed where none is near."""


class UnknownName(WrongInput):
    """A name that does not exist; the nearest that does is offered, or all where they are few."""

    def __init__(self, what: str, name: str, known: Iterable[str] = ()) -> None:
        known = list(known)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if not near and 0 < len(known) <= FEW:
            *others, last = map(repr, known)
            hint = "; it should be " + (f"{', '.join(others)} or " if others else "") + last
        super().__init__(f"there is no {what} {name!r}{hint}")
        self.name = name


class BrokerError(WrongInput):
    """The broker's address is wrong, no broker is there, or it refuses what was asked."""


class GatewayError(WrongInput):
    """The address of a service is wrong, no service is there, or it refuses who asks."""


class Conflict(WrongInput):
    """What was to be changed has changed meanwhile; look again, and decide again."""


class StoreError(WrongInput):
    """The database is not ours, is newer, is locked or cannot be written."""


class WorkFailed(TrialMQError):
    """The input was right, the work could not be done."""


class ProtocolError(TrialMQError):
    """A message that no well-behaved peer would send."""


class Undecodable(ProtocolError):
    """Bytes that are not a message."""
