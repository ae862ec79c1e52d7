import asyncio


def state(future):
    return future._state


def show(value):
    return str(value).lower()


async def main():
    loop = asyncio.get_running_loop()
    result = loop.create_future()
    print(state(result))
    try:
        result.result()
    except asyncio.InvalidStateError:
        print("InvalidStateError: there is no result yet")

    result.add_done_callback(lambda f: print(f"callback: {f.result()}"))
    result.set_result(42)
    print(f"{state(result)}, and the callback has not run yet")
    await asyncio.sleep(0)
    print(f"awaited: {await result}")
    try:
        result.set_result(43)
    except asyncio.InvalidStateError:
        print("InvalidStateError: it has a result")
    print(f"cancel a finished one: {show(result.cancel())}")

    failed = loop.create_future()
    failed.set_exception(ValueError("no number"))
    try:
        await failed
    except ValueError as error:
        print(f"{state(failed)} with ValueError: {error}")

    cancelled = loop.create_future()
    print(f"cancel a pending one: {show(cancelled.cancel())}")
    print(state(cancelled))


asyncio.run(main())
