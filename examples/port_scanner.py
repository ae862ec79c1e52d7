import asyncio
import sys


async def is_open(host, port, at_once):
    async with at_once:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
        except (OSError, asyncio.TimeoutError):
            return False
        writer.close()
        return True


async def scan(host, first, last):
    at_once = asyncio.Semaphore(50)
    ports = range(first, last + 1)
    opened = await asyncio.gather(*(is_open(host, port, at_once) for port in ports))
    return [port for port, open_ in zip(ports, opened) if open_]


async def greet(reader, writer):
    writer.write(b"welcome\n")
    writer.close()


async def find_own_servers():
    servers = [await asyncio.start_server(greet, "127.0.0.1", 0) for _ in range(2)]
    found = 0
    for server in servers:
        port = server.sockets[0].getsockname()[1]
        found += port in await scan("127.0.0.1", port - 100, port + 100)
    print("found", found, "of 2 servers")
    for server in servers:
        server.close()


async def print_open(host, first, last):
    for port in await scan(host, first, last):
        print(port)


if len(sys.argv) < 4:
    asyncio.run(find_own_servers())
else:
    asyncio.run(print_open(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
