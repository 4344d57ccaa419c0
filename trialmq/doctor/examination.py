"""Runs every check at once, each with its own deadline, whatever becomes of it.

A check may block for ever (a driver, a dead network file system) or fail in ways nobody thought of:
it runs in a thread that nobody waits for at the end, and its failure is a finding like any other.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from schema.errors import TrialMQError
from trialmq.doctor.findings import Finding, doubtful, not_here, wrong

SECONDS = 9.0
"""How long a check may take; all run side by side."""

Findings = Sequence[Finding]


class Check(NamedTuple):
    """What is looked at, by a function that may block or by a coroutine function."""

    subject: str
    look: Callable[[], Findings | Awaitable[Findings]]


async def examine(checks: Sequence[Check], seconds: float = SECONDS) -> list[Finding]:
    """What all checks found, in their order; never raises for what is wrong."""
    found = await asyncio.gather(*(_bounded(check, seconds) for check in checks))
    return [finding for findings in found for finding in findings]


async def _bounded(check: Check, seconds: float) -> Findings:
    try:
        async with asyncio.timeout(seconds):
            if asyncio.iscoroutinefunction(check.look):
                found: Findings = await check.look()
                return found
            return await _in_a_thread(check.look)
    except TimeoutError:
        return [
            doubtful(check.subject, f"no answer within {seconds:g} seconds", "look at it by hand")
        ]
    except (
        ModuleNotFoundError
    ) as error:  # a runner's machine has no Optuna, an orchestrator's no torch
        return [not_here(check.subject, f"{error.name} is not installed here, so it is not used")]
    except TrialMQError as error:
        return [wrong(check.subject, str(error).removeprefix(f"{check.subject} "))]
    except Exception as error:
        sentence = f"it could not be looked at, {type(error).__name__}: {error}"
        return [doubtful(check.subject, sentence, "look at it by hand")]


async def _in_a_thread(look: Callable[[], Findings | Awaitable[Findings]]) -> Findings:
    """What ``look`` returns; the thread is a daemon, as those of an executor are waited for."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Findings] = loop.create_future()

    def give(found: Findings | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found or [])

    def work() -> None:
        found: Findings | None = None
        error: BaseException | None = None
        try:
            found = look()  # type: ignore[assignment]
        except Exception as failure:
            error = failure
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(give, found, error)

    threading.Thread(target=work, daemon=True).start()
    return await answer
