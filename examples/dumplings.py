import asyncio
import collections
import threading
import time

from virtual_time import run_virtual

Pot = collections.namedtuple("Pot", "filling to_boil to_cook")

PORK = Pot("pork", 5, 7)
CABBAGE = Pot("cabbage", 4, 6)


def line(at, pot, what):
    return f"  {at:2} min  {pot.filling}: {what}\n"


# One cook: a coroutine per pot, on a loop with virtual time. The waits take no real time at all.

def now():
    return round(asyncio.get_running_loop().time() / 60)


async def cook(pot):
    print(line(now(), pot, "water on"), end="")
    await asyncio.sleep(60 * pot.to_boil)
    print(line(now(), pot, "it boils, dumplings in"), end="")
    await asyncio.sleep(60 * pot.to_cook)
    print(line(now(), pot, "dumplings out"), end="")


async def one_after_the_other():
    await cook(PORK)
    await cook(CABBAGE)
    return now()


async def both_at_once():
    await asyncio.gather(cook(PORK), cook(CABBAGE))
    return now()


# Two cooks: a thread per pot. A thread that waits really waits (here a minute lasts a millisecond),
# and what it tells comes in any order, so each cook writes down his own minutes.

class Cook:
    def __init__(self, pot):
        self.pot = pot
        self.clock = 0
        self.diary = ""
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def join(self):
        self.thread.join()
        print(self.diary, end="")
        return self.clock

    def work(self):
        self.diary += line(self.clock, self.pot, "water on")
        self.watch(self.pot.to_boil)
        self.diary += line(self.clock, self.pot, "it boils, dumplings in")
        self.watch(self.pot.to_cook)
        self.diary += line(self.clock, self.pot, "dumplings out")

    def watch(self, minutes):
        time.sleep(minutes / 1000)
        self.clock += minutes


def two_cooks():
    first = Cook(PORK)
    second = Cook(CABBAGE)
    return max(first.join(), second.join())


print("One cook, two pots, one after the other:")
print(f"  total {run_virtual(one_after_the_other())} min")
print("One cook, two pots, asynchronously:")
print(f"  total {run_virtual(both_at_once())} min")
print("Two cooks, a pot each (two threads):")
print(f"  total {two_cooks()} min")
