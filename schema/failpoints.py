"""Named places at which a test may break a process: ``reach("a.place")``.

Nothing happens unless ``TRIALMQ_FAILPOINT`` is set, ``name[:nth]:action``: the process is then
broken at the ``nth`` time (the first one without it) that it comes by that name. The actions:

* ``kill``: it dies as from ``kill -9``, with nothing said to anyone
* ``stop``: it stands still until someone sends it ``SIGCONT``
* ``delay``: it sleeps for one second, its event loop with it
* ``enospc``: the step fails as on a full disk, and so does each one after it
"""

import errno
import os
import select
import signal
from enum import StrEnum
from typing import NamedTuple

from schema.errors import WrongInput

VARIABLE = "TRIALMQ_FAILPOINT"
DELAY_SECONDS = 1.0


class Action(StrEnum):
    """What befalls a process."""

    KILL = "kill"
    STOP = "stop"
    DELAY = "delay"
    ENOSPC = "enospc"


class Failpoint(NamedTuple):
    """Where, at which time from 1 on, and what."""

    name: str
    nth: int
    action: Action

    @classmethod
    def read(cls, text: str) -> "Failpoint":
        """The failpoint of ``name[:nth]:action``.

        Raises:
            WrongInput: it is not written so.
        """
        name, *nth, action = text.split(":") if text.count(":") in (1, 2) else ("", "")
        known = action in list(Action)
        if not name or not known or (nth and (not nth[0].isdecimal() or int(nth[0]) < 1)):
            actions = "|".join(Action)
            raise WrongInput(f"{VARIABLE}={text}: write it as name[:nth]:{actions}, nth from 1 on")
        return cls(name, int(nth[0]) if nth else 1, Action(action))


_chosen = Failpoint.read(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None
_times = 0


def reach(name: str) -> None:
    """The process comes by the place ``name``.

    Raises:
        OSError: ``ENOSPC``, where that was asked for.
    """
    if _chosen is not None and _chosen.name == name:
        _break(_chosen)


def _break(chosen: Failpoint) -> None:
    global _times
    _times += 1
    if chosen.action is Action.ENOSPC:
        if _times >= chosen.nth:
            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} (failpoint {chosen.name})")
    elif _times == chosen.nth:
        if chosen.action is Action.DELAY:
            select.select([], [], [], DELAY_SECONDS)
        else:
            os.kill(os.getpid(), getattr(signal, f"SIG{chosen.action.upper()}"))
