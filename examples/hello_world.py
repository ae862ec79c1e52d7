import asyncio


async def callee():
    print("Hello")


async def caller():
    await callee()
    print("World")


asyncio.run(caller())
