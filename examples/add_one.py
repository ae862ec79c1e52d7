import asyncio


async def add_one(number):
    print("add one")
    return number + 1


async def caller():
    print("before")
    two = await add_one(1)
    print(f"after: {two}")


asyncio.run(caller())
