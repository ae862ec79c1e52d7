import threading
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)
begun, gate = threading.Event(), threading.Event()


def work():
    begun.set()
    gate.wait()
    return 6 * 7


first = pool.submit(work)
second = pool.submit(lambda n: n, 1)

begun.wait()
print(f"first running: {first.running():d}, second running: {second.running():d}")
print(f"cancel first: {first.cancel():d}, cancel second: {second.cancel():d}")
first.add_done_callback(lambda done: print(f"callback: {done.result()}"))
gate.set()
pool.shutdown()
print(f"first done: {first.done():d}, result {first.result()}")
print(f"second done: {second.done():d}, cancelled {second.cancelled():d}")
try:
    pool.submit(print)
except RuntimeError as error:
    print(f"RuntimeError: {error}")
