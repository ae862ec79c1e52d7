import asyncio
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field


def count_primes(below):
    sieve = bytearray([1]) * below
    sieve[:2] = b"\0\0"
    for n in range(2, int(below**0.5) + 1):
        if sieve[n]:
            sieve[n * n::n] = bytes(len(range(n * n, below, n)))
    return sum(sieve)


@dataclass
class Person:
    name: str
    scores: list = field(default_factory=list)


def promoted(person):
    person.scores.append(100)
    return person


def crash():
    os.kill(os.getpid(), signal.SIGKILL)


async def tick(ticks):
    while True:
        ticks.append(1)
        await asyncio.sleep(0.001)


async def main():
    ticks = []
    ticker = asyncio.create_task(tick(ticks))
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2) as pool:
        primes = await asyncio.wrap_future(pool.submit(count_primes, 1_000_000))
        print(f"one job: {primes}, ticked meanwhile: {int(len(ticks) > 1)}")

        jobs = [loop.run_in_executor(pool, count_primes, n * 1000) for n in range(1, 5)]
        for count in await asyncio.gather(*jobs):
            print("by two processes:", count)

        person = await asyncio.wrap_future(pool.submit(promoted, Person("Ada", [90])))
        print(f"{person.name}: {person.scores[-1]}")

        try:
            await asyncio.wrap_future(pool.submit(crash))
        except BrokenProcessPool:
            print("a worker was killed")
    ticker.cancel()


if __name__ == "__main__":
    asyncio.run(main())
