import asyncio
import contextvars

request = contextvars.ContextVar("request", default="none")


def log(text):
    print(f"[{request.get()}] {text}")


async def handle(name):
    request.set(name)
    log("begins")
    await asyncio.sleep(0)
    log("ends")


async def server():
    await asyncio.gather(handle("A"), handle("B"))
    log("the tasks' values are theirs")

    # A coroutine that is awaited in place runs in this task, and so in its context.
    await handle("C")
    log("the awaited coroutine's value is ours")

    token = request.set("D")
    log("set")
    asyncio.get_running_loop().call_soon(log, "a callback has the context of its call_soon")
    request.reset(token)
    log("reset")
    await asyncio.sleep(0)

    copy = contextvars.copy_context()

    def inside():
        request.set("E")
        log("inside a copy")
    copy.run(inside)
    log("outside again")


asyncio.run(server())
