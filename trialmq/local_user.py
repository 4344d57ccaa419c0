"""Who uses this machine, as a service knows those who ask."""

import getpass

from schema.errors import WrongInput
from schema.identity import checked_name

NOBODY = "local"
"""Who changed something, where the system does not say who that is."""


def local_user() -> str:
    """The user of this process, as the name of a client."""
    try:
        return checked_name("client", getpass.getuser())
    except (WrongInput, KeyError, OSError):
        return NOBODY
