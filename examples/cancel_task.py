import asyncio


def text(value):
    return str(value).lower()


async def worker():
    print("  worker: started")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as error:
        print(f"  worker: cleans up after '{error}'")
        raise


async def stubborn():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("  stubborn: no")


async def join(task):
    try:
        await task
        print("awaiting it: it has returned")
    except asyncio.CancelledError:
        print("awaiting it: CancelledError")
    print(f"done {text(task.done())}, cancelled {text(task.cancelled())}")


async def main():
    print("before it starts:")
    early = asyncio.create_task(worker())
    print(f"cancel: {text(early.cancel('too early'))}")
    await join(early)

    print("while it waits:")
    waiting = asyncio.create_task(worker())
    await asyncio.sleep(0)
    print(f"cancel: {text(waiting.cancel('enough'))}")
    print(f"done {text(waiting.done())}, cancelling {waiting.cancelling()}")
    await join(waiting)

    print("after it is done:")
    print(f"cancel: {text(waiting.cancel('too late'))}")

    print("when it refuses:")
    deaf = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    print(f"cancel: {text(deaf.cancel())}")
    await join(deaf)


asyncio.run(main())
