import asyncio


# An egg timer: set it, do something else, await the ring. Gives the number of eggs.
class EggTimer:
    def __init__(self, time, eggs):
        loop = asyncio.get_running_loop()
        self._rings = loop.create_future()

        def ring():
            if not self._rings.done():
                self._rings.set_result(eggs)
        loop.call_later(time, ring)

    def __await__(self):
        return self._rings.__await__()



async def breakfast():
    timer = EggTimer(0.01, 2)
    print("make coffee")
    eggs = await timer
    print(f"{eggs} eggs are ready")
    print(f"{await timer} eggs still are")

    soft = EggTimer(0.01, 1)
    hard = EggTimer(0.02, 3)
    few, many = await asyncio.gather(soft, hard)
    print(f"{few} and {many}")

    forgotten = EggTimer(3600, 4)
    try:
        await asyncio.wait_for(forgotten, 0.01)
    except asyncio.TimeoutError:
        print("not today")


asyncio.run(breakfast())
