import asyncio
import contextlib


class Connection:
    def __init__(self, peer):
        self.peer = peer

    async def __aenter__(self):
        await asyncio.sleep(0.001)
        print(f"{self.peer}: connected")
        return self

    async def __aexit__(self, kind, error, traceback):
        await asyncio.sleep(0.001)  # say goodbye
        print(f"{self.peer}: closed{' after an error' if error else ''}")


async def one():
    async with Connection("alpha") as connection:
        await asyncio.sleep(0.001)
        print(f"{connection.peer}: used")
        answer = 42
    print(f"answer: {answer}")


async def failing():
    try:
        async with Connection("beta"):
            await asyncio.sleep(0.001)
            raise ValueError("a bad request")
    except ValueError as error:
        print(f"ValueError: {error}")


async def many():
    async with contextlib.AsyncExitStack() as stack:
        for peer in "gamma", "delta":
            await stack.enter_async_context(Connection(peer))
        stack.callback(print, "the last one registered goes first")


async def main():
    await one()
    await failing()
    await many()


asyncio.run(main())
