"""How duties end: whole, and surely."""

import asyncio

from app.live.duties import end, whole


class Work:
    """Something that must not be cut in the middle."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.ended = False

    async def run(self) -> None:
        await self.may_end.wait()
        self.ended = True


async def test_whole_work_outlives_two_cancellations() -> None:
    """What has begun is done, however often its duty is told to stop."""
    work = Work()
    duty = asyncio.create_task(whole(work.run()))
    for _ in range(2):
        await asyncio.sleep(0)
        duty.cancel()
    await asyncio.sleep(0)
    assert not duty.done()
    work.may_end.set()
    await asyncio.wait({duty})
    assert duty.cancelled()
    assert work.ended


async def test_end_reaches_a_task_that_swallowed_its_cancellation() -> None:
    """A library may take one cancellation for its own; the next one counts."""

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end([task])
    assert task.cancelled()


async def test_end_takes_a_task_that_failed() -> None:
    """A failure on the way down is said, and ends nothing else."""

    async def failing() -> None:
        raise OSError("gone")

    task = asyncio.create_task(failing())
    await end([task])
    assert task.done()


async def test_end_of_nothing_is_nothing() -> None:
    """There may be no tasks at all."""
    await end([])
