"""A task that swallows a cancellation is ended all the same."""

import asyncio

from schema.brokers.amqp.ending import end


async def test_a_task_that_swallows_its_first_cancellation_is_ended() -> None:
    waiting = asyncio.Event()
    swallowed: list[str] = []

    async def stubborn() -> None:
        while True:
            try:
                waiting.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append("one")

    task = asyncio.create_task(stubborn())
    await waiting.wait()
    await end(task)
    assert task.cancelled()
    assert swallowed == ["one"]
    await end(task)
