import asyncio


async def add_one(number):
    print("add_one runs")
    return number + 1


coroutine = add_one(1)

text = str(coroutine)  # <coroutine object add_one at 0x7f6c1c1b0e80>
print(text[:text.index(" at ")] + ">")

print(asyncio.run(coroutine))
print(asyncio.run(add_one(1)))
