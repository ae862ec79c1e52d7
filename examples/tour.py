import asyncio


async def add_one(number):
    await asyncio.sleep(0.01)  # anything that takes time
    return number + 1


async def tour():
    two = await add_one(1)
    task = asyncio.create_task(add_one(two))
    a, b = await asyncio.gather(add_one(10), add_one(20))
    print(a, b, await asyncio.wait_for(task, 5))

    async with asyncio.TaskGroup() as group:
        for i in range(3):
            group.create_task(add_one(i))


asyncio.run(tour())
