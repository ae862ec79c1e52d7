import asyncio
import threading


async def multiply(a, b):
    await asyncio.sleep(0.001)  # on the other loop's clock
    return a * b


async def fail():
    await asyncio.sleep(0)
    raise ValueError("it went wrong over there")


async def on(loop, function, *args):  # asyncio has no name for it
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(function(*args), loop))


async def here(there):
    product = await on(there, multiply, 6, 7)
    print(f"awaited: {product}")
    try:
        await on(there, fail)
    except ValueError as error:
        print(f"ValueError: {error}")


there = asyncio.new_event_loop()
other = threading.Thread(target=there.run_forever)
other.start()

future = asyncio.run_coroutine_threadsafe(multiply(3, 4), there)
print(f"waited for: {future.result()}")

asyncio.run(here(there))


def stop():
    print("over there: stopping")
    there.stop()


there.call_soon_threadsafe(stop)
other.join()
there.close()
