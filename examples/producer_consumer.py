import asyncio

from virtual_time import run_virtual


def now():
    return round(asyncio.get_running_loop().time())


async def producer(queue):
    for item in range(1, 6):
        await queue.put(item)
        print(f"{now()} s: put {item}")


async def consumer(queue, name):
    while True:
        item = await queue.get()
        await asyncio.sleep(2)  # the work
        print(f"{now()} s: {name} has done {item}")
        queue.task_done()


async def kitchen():
    queue = asyncio.Queue(2)
    consumers = [asyncio.create_task(consumer(queue, "Ann")),
                 asyncio.create_task(consumer(queue, "Bob"))]

    await producer(queue)
    await queue.join()
    print(f"{now()} s: all done")

    for task in consumers:
        task.cancel()
    ends = await asyncio.gather(*consumers, return_exceptions=True)
    for end in ends:
        print("cancelled" if isinstance(end, asyncio.CancelledError) else "returned")


run_virtual(kitchen())
