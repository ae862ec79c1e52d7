from multiprocessing.pool import ThreadPool


def square(n):
    return n * n


pool = ThreadPool(2)

for n in range(1, 4):
    print(f"apply: {pool.apply(square, (n,))}")

results = [pool.apply_async(square, (n,)) for n in range(4, 7)]
for result in results:
    print(f"apply_async: {result.get()}")

print(f"awaited: {pool.apply_async(square, (9,)).get()}")
done = pool.apply_async(square, (8,), callback=lambda result: print(f"callback: {result}"))
pool.close()
pool.join()
print(f"successful: {done.successful():d}")
