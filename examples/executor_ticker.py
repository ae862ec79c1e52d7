import asyncio
from concurrent.futures import ThreadPoolExecutor

ticks = 0


def sum_below(n):
    before = ticks
    total = sum(range(n))
    while ticks < before + 3:
        pass
    return total


async def tick():
    global ticks
    while True:
        ticks += 1
        await asyncio.sleep(0.001)


async def main():
    ticker = asyncio.create_task(tick())

    total = await asyncio.to_thread(sum_below, 1000)
    print(f"one thread: {total}, ticked meanwhile: {int(ticks >= 3)}")

    with ThreadPoolExecutor(4) as pool:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(pool, sum_below, n * 1000) for n in range(1, 5)]
        for total in await asyncio.gather(*jobs):
            print(f"thread pool: {total}")
    ticker.cancel()


asyncio.run(main())
