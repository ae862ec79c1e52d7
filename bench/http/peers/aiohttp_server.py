# SPDX-License-Identifier: MIT
"""The server of the HTTP benchmark on aiohttp, on uvloop."""

import asyncio

import uvloop
from aiohttp import web


async def hello(_):
    return web.Response(text="Hello, World!")


async def main():
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


uvloop.install()
asyncio.run(main())
