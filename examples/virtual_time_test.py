import asyncio
import sys

from virtual_time import run_virtual


# What is to be tested: tries again after 1 s, 2 s, 4 s, ... for at most an hour each time.
async def retry(attempt, tries):
    pause = 1
    while True:
        try:
            return await attempt()
        except Exception:
            tries -= 1
            if tries == 0:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, 3600)


# A service that is down for a while.
class Service:
    def __init__(self, up_at):
        self._up_at = up_at
        self.asked = 0

    async def ask(self):
        self.asked += 1
        await asyncio.sleep(0.01)
        if asyncio.get_running_loop().time() < self._up_at:
            raise ConnectionError("service unavailable")
        return 42


failures = 0


def check(holds, what):
    global failures
    print(f"{'ok' if holds else 'FAILED'}: {what}")
    failures += not holds


async def comes_back_after_a_day():
    service = Service(24 * 3600)
    answer = await retry(service.ask, 100)
    elapsed = asyncio.get_running_loop().time()
    check(answer == 42, "the answer arrives")
    check(24 * 3600 <= elapsed < 25 * 3600, "within an hour after the service is back")
    check(service.asked == 36, "after 36 questions")


async def gives_up():
    service = Service(24 * 3600)
    try:
        await retry(service.ask, 3)
        check(False, "the last error is thrown")
    except ConnectionError:
        check(True, "the last error is thrown")
    check(abs(asyncio.get_running_loop().time() - 3.03) < 1e-6,
          "1 s and 2 s of pauses, three attempts of 10 ms")


run_virtual(comes_back_after_a_day())
run_virtual(gives_up())
sys.exit(failures)
