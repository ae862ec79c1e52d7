#!/usr/bin/env python3
"""Writes redirects.inc: what aiohttp sends after a redirect, for every method and status.

Needs aiohttp (`pip install aiohttp`), which is why it is no part of generate.py. Columns: method,
status, way (see below), and what the last request had: its method, whether it had each of
Authorization, a Cookie of the header, a cookie of the jar, Content-Type and X-Own; its body.
"""
import asyncio
import pathlib

import aiohttp

# Where the redirects lead, from localhost:A/begin.
WAYS = {
    "same": ["http://localhost:{A}/end"],
    "port": ["http://localhost:{B}/end"],
    "host": ["http://127.0.0.1:{B}/end"],
    "back": ["http://localhost:{B}/on", "http://localhost:{A}/end"],
    "user": ["http://new:pw@localhost:{B}/end"],
}


class Site:
    def __init__(self):
        self.steps, self.status, self.last = [], 0, None

    async def handle(self, reader, writer):
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            length = [l for l in head.split("\r\n") if l.lower().startswith("content-length:")]
            size = int(length[0].split(":")[1]) if length else 0
            body = (await reader.readexactly(size)).decode()
            path = head.split(" ")[1]
            if path == "/cookie":
                fields, status = "Set-Cookie: jar=1\r\n", 200
            elif path == "/end":
                self.last, fields, status = (head, body), "", 200
            else:
                fields, status = f"Location: {self.steps.pop(0)}\r\n", self.status
            writer.write(f"HTTP/1.1 {status} X\r\n{fields}Content-Length: 0\r\n\r\n".encode())

    async def quietly(self, reader, writer):
        try:
            await self.handle(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main():
    site, rows = Site(), []
    servers = [await asyncio.start_server(site.quietly, "127.0.0.1", 0) for _ in range(2)]
    ports = dict(zip("AB", (s.sockets[0].getsockname()[1] for s in servers)))
    for way, steps in WAYS.items():
        for status in [300, 301, 302, 303, 304, 305, 307, 308]:
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]:
                site.steps = [step.format(**ports) for step in steps]
                site.status, site.last = status, None
                async with aiohttp.ClientSession() as session:
                    await (await session.get("http://localhost:{A}/cookie".format(**ports))).read()
                    data = b"x=y" if method not in ("GET", "HEAD", "OPTIONS") else None
                    headers = {"Authorization": "Basic dTpw", "X-Own": "1"}
                    if way != "user":
                        headers["Cookie"] = "own=1"
                    else:
                        del headers["Authorization"]
                    if data:
                        headers["Content-Type"] = "text/x-own"
                    response = await session.request(
                        method, "http://localhost:{A}/begin".format(**ports), data=data,
                        headers=headers)
                    await response.read()
                if site.last is None:
                    rows.append((method, status, way, "-", *[False] * 5, ""))
                    continue
                head, body = site.last
                low = head.lower()
                cookie = [l for l in low.split("\r\n") if l.startswith("cookie:")]
                cookie = cookie[0] if cookie else ""
                rows.append((method, status, way, head.split(" ")[0], "\r\nauthorization:" in low,
                             "own=1" in cookie, "jar=1" in cookie, "text/x-own" in low,
                             "\r\nx-own:" in low, body))
    quote = lambda v: f'"{v}"' if isinstance(v, str) else str(v).lower()
    (pathlib.Path(__file__).parent / "redirects.inc").write_text(
        "".join("    {" + ", ".join(map(quote, row)) + "},\n" for row in rows))


asyncio.run(main())
