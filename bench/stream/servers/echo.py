# SPDX-License-Identifier: MIT
"""Echo servers of asyncio: `echo.py streams|protocol|uvloop [close]`. With `close` they close each
connection at once. Prints the port."""

import asyncio
import sys


async def echo(reader, writer):
    try:
        while data := await reader.read(256 * 1024):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def leave(reader, writer):
    writer.close()


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Leave(asyncio.Protocol):
    def connection_made(self, transport):
        transport.close()


async def main(kind, close):
    if kind == "streams":
        handler = leave if close else echo
        server = await asyncio.start_server(handler, "127.0.0.1", 0, limit=256 * 1024, backlog=4096)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Leave if close else Echo, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[1] == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main(sys.argv[1], sys.argv[2:] == ["close"]))
