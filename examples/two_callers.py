import asyncio


async def callee(suffix):
    print("Hello" + suffix)


async def caller(suffix):
    await callee(suffix)
    print("World" + suffix)


async def both():
    asyncio.gather(asyncio.create_task(caller("")), asyncio.create_task(caller("2")))


asyncio.run(both())
