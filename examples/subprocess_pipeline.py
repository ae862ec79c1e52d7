import asyncio
import os
from asyncio.subprocess import PIPE


async def count_words():
    words = os.pipe()
    sorted_ = os.pipe()
    print_ = await asyncio.create_subprocess_exec(
        "printf", "%s\\n", "tea", "hob", "tea", stdout=words[1])
    sort = await asyncio.create_subprocess_exec("sort", stdin=words[0], stdout=sorted_[1])
    count = await asyncio.create_subprocess_exec("uniq", "-c", stdin=sorted_[0], stdout=PIPE)
    for fd in (*words, *sorted_):
        os.close(fd)
    out, _ = await count.communicate()
    await asyncio.gather(print_.wait(), sort.wait())
    return out.decode()


async def main():
    print(await count_words(), end="")

    tr = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=PIPE, stdout=PIPE)
    out, _ = await tr.communicate(b"one cook, one hob, many pots\n")
    print(out.decode(), end="")

    sleeper = await asyncio.create_subprocess_exec("sleep", "1000")
    sleeper.terminate()
    print("terminated:", await sleeper.wait())

    try:
        await asyncio.create_subprocess_exec("no-such-program")
        print("started: yes")
    except FileNotFoundError:
        print("started: no")


asyncio.run(main())
