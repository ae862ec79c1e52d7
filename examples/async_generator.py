import asyncio

from virtual_time import run_virtual


async def ticker(delay, count):
    try:
        for i in range(count):
            yield i
            await asyncio.sleep(delay)
        print("ticker: at its end")
    except GeneratorExit:
        print("ticker: closed")
        raise


async def squares(numbers):
    async for number in numbers:
        yield number * number


async def keep(mine):
    await anext(mine)
    await asyncio.sleep(3600)  # run cancels this, and then closes the generator


async def listen():
    async for tick in ticker(0.01, 3):
        print(f"tick {tick}")

    endless = ticker(0.01, 1000)
    async for tick in endless:
        if tick == 2:
            break
    await endless.aclose()

    # A generator over a generator: nothing runs before it is asked for.
    total = 0
    async for square in squares(ticker(0.01, 4)):
        total += square
    print(f"sum of squares: {total}")

    left = ticker(0.01, 1000)
    await anext(left)
    global task
    task = asyncio.create_task(keep(left))
    await asyncio.sleep(0.02)
    print("main: leaves a generator behind")


run_virtual(listen())
