# Python's files block; asyncio has none.
import os
import tempfile

with tempfile.TemporaryDirectory() as directory:
    path = directory + "/recipe"
    with open(path, "w") as file:
        file.write("water\n")
        file.write("salt\npasta\n")
    with open(path) as file:
        print(sum(1 for _ in file), "lines")
    with open(path, "a+") as file:
        file.write("basil\n")
        file.seek(6)
        print(file.read(), end="")
    os.rename(path, directory + "/dinner")
    os.mkdir(directory + "/pots")
    print(*sorted(os.listdir(directory)), end=" ")
    print(os.stat(directory + "/dinner").st_size, "bytes")
print("still there" if os.path.exists(path) else "gone")
