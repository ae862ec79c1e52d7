import asyncio


async def callee():
    print("Hello")


async def caller():
    asyncio.create_task(callee())
    print("World")


asyncio.run(caller())
