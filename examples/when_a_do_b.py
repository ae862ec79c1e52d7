import asyncio
import os

loop = asyncio.new_event_loop()
reading, writing = os.pipe()


def say(what, number):
    print(f"{number}: {what}")


def readable():
    print(f"the pipe holds '{os.read(reading, 16).decode()}'")
    loop.remove_reader(reading)
    loop.call_soon(loop.stop)


def after_20():
    print("20 ms are over: write into the pipe")
    os.write(writing, b"ping")


def after_10():
    print("10 ms are over: cancel what is due at 15")
    never.cancel()


loop.add_reader(reading, readable)
loop.call_later(0.020, after_20)
never = loop.call_later(0.015, print, "15 ms are over")
loop.call_later(0.010, after_10)
loop.call_soon(say, "as soon as the loop runs", 1)
loop.call_soon(say, "then this: call_soon keeps the order", 2)

print("nothing runs before the loop does")
loop.run_forever()
print("stopped")
loop.close()
os.close(reading)
os.close(writing)
