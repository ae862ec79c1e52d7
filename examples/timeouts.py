import asyncio

from virtual_time import run_virtual


async def answer(after, text):
    await asyncio.sleep(after)
    return text


async def with_wait_for():
    print("wait_for:", await asyncio.wait_for(answer(0.01, "in time"), 1))
    try:
        await asyncio.wait_for(answer(3600, "never"), 0.01)
    except asyncio.TimeoutError:
        print("wait_for: TimeoutError, and the coroutine was cancelled")


async def with_timeout():
    async with asyncio.timeout(0.05) as limit:
        await asyncio.sleep(0.005)
        limit.reschedule(asyncio.get_running_loop().time() + 1)  # it makes progress: give it more
        print("timeout:", await answer(0.1, "more time was needed, and given"))

    try:
        async with asyncio.timeout(0.1):
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(3600)
            except TimeoutError:
                print("timeout: the inner limit has passed")
            await asyncio.sleep(3600)
    except TimeoutError:
        print("timeout: the outer limit has passed")


async def with_shield():
    important = asyncio.create_task(answer(0.1, "saved"))
    try:
        await asyncio.wait_for(asyncio.shield(important), 0.01)
    except asyncio.TimeoutError:
        state = "cancelled" if important.cancelled() else "still running"
        print(f"shield: waited long enough, the task is {state}")
    print("shield:", await important)


async def main():
    await with_wait_for()
    await with_timeout()
    await with_shield()


run_virtual(main())
