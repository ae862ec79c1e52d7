import asyncio
import signal


async def listen():
    received = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, received.put_nowait, number)
    while await received.get() != signal.SIGTERM:
        print("reloading")
    print("ending")


async def main():
    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
        signal.raise_signal(number)
        await asyncio.sleep(0.01)
    await listening


asyncio.run(main())
