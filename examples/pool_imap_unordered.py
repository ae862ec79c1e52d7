import threading
from multiprocessing.pool import ThreadPool

three_came = threading.Event()


def work(n):
    if n == 0:
        three_came.wait()
    return n


with ThreadPool(2) as pool:
    for n in pool.imap_unordered(work, [0, 1, 2, 3]):
        print(n, "arrived")
        if n == 3:
            three_came.set()
