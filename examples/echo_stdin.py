import asyncio
import os
import selectors
import sys

CHUNK = 1 << 16  # also the longest line that is kept waiting for its end


async def readable(fd):
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(fd, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(fd)


async def echo():
    line = b""  # what has come of the line so far
    while True:
        await readable(0)
        chunk = os.read(0, CHUNK)
        if not chunk:
            break
        *whole, rest = (line + chunk).split(b"\n")
        for text in whole:
            os.write(1, text + b"\n")
        line = rest
        if len(line) >= CHUNK:
            os.write(1, line)
            line = b""
    os.write(1, line)


def loop_for_files():
    # epoll refuses regular files (and /dev/null), poll does not; Hob does what poll does.
    return asyncio.SelectorEventLoop(selectors.PollSelector())


if sys.stdin.isatty():
    print("Type something; Ctrl-D ends it.", file=sys.stderr)
with asyncio.Runner(loop_factory=loop_for_files) as runner:
    runner.run(echo())
