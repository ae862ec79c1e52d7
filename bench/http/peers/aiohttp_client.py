# SPDX-License-Identifier: MIT
"""The client of the HTTP benchmark on aiohttp, on uvloop: `aiohttp_client.py PORT COUNT RUNS`."""

import asyncio
import sys
import time

import aiohttp
import uvloop

CONCURRENCY = 64


async def main():
    port, count, runs = map(int, sys.argv[1:])
    url = f"http://127.0.0.1:{port}/user"
    async with aiohttp.ClientSession() as session:
        for _ in range(runs):
            started = time.process_time_ns()
            left = iter(range(count))

            async def get():
                for _ in left:
                    async with session.get(url) as response:
                        if len(await response.read()) != 1024:
                            raise ValueError("another body")

            await asyncio.gather(*(get() for _ in range(CONCURRENCY)))
            print(f"{(time.process_time_ns() - started) / count:.1f}", flush=True)


uvloop.install()
asyncio.run(main())
