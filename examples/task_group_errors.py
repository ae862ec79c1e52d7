import asyncio

from virtual_time import run_virtual


async def fetch(page):
    await asyncio.sleep(0.01)
    return 100 * page


async def fail(what):
    await asyncio.sleep(0.02)
    raise ValueError(what)


async def slow():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("slow: cancelled")
        raise


# A failing clean-up is not lost either.
async def clumsy():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        raise RuntimeError("fell over while leaving") from None


async def all_goes_well():
    async with asyncio.TaskGroup() as group:
        first = group.create_task(fetch(1))
        second = group.create_task(fetch(2))
        total = await first + await second
    print(f"all went well: {total}")


async def some_fail():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch(1))
            group.create_task(fail("page 2"))
            group.create_task(fail("page 3"))
            group.create_task(slow())
            group.create_task(clumsy())
            await asyncio.sleep(3600)  # cancelled, too
    except ExceptionGroup as group:
        print(f"{group.message}: {len(group.exceptions)}")
        values, others = group.split(ValueError)  # except*
        for error in values.exceptions + others.exceptions:
            print(f"{type(error).__name__}: {error}")


async def main():
    await all_goes_well()
    await some_fail()


run_virtual(main())
