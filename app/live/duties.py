"""How a node does its duties: again and again, each time to its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar


T = TypeVar("T")

logger = logging.getLogger(__name__)


async def every(seconds: float, duty: Callable[[], Awaitable[None]]) -> None:
    """Do a duty for ever, so many seconds apart; a failure is another's chance."""
    while True:
        try:
            await whole(duty())
        except Exception as error:  # noqa: BLE001 - a duty is tried again, whatever
            logger.warning("duty not done: %s", type(error).__name__)
        await asyncio.sleep(seconds)


async def whole(work: Awaitable[T]) -> T:
    """Await work; when cancelled meanwhile, let it come to its end first.

    A database call cut in the middle leaves a driver that answers nobody, so not
    even a second cancellation may reach it.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        raise


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they are gone.

    Once is not always enough: a library on the way down may take the cancellation
    for a failure of its own (redis-py does, now and then, while it connects).
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=0.5)
        for task in done:
            if not task.cancelled() and (error := task.exception()):
                logger.warning("task ended badly: %s", type(error).__name__)
