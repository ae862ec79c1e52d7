# SPDX-License-Identifier: MIT
"""Performs the requests of the matrix with aiohttp or httpx: JSON lines in, JSON lines out, like
matrix_client. `python_client.py aiohttp|httpx [CA]`."""

import asyncio
import json
import ssl
import sys
import zlib

from matrix import pattern


def body_of(request):
    """(kind, the body where it is bytes)."""
    body = request.get("body") or {"kind": "none"}
    return body, pattern(body["size"]) if "size" in body else b""


async def in_pieces(data):
    for at in range(0, len(data), 1000):
        yield data[at:at + 1000]


def record(request, status, reason, url, history, headers, content):
    text = {"text": content.decode("utf-8", "replace")} if len(content) < 8192 else {}
    return {"id": request["id"], "status": status, "reason": reason, "url": url,
            "history": [code for code in history if code in (300, 301, 302, 303, 307, 308)],
            "headers": [[name, value] for name, value in headers],
            "length": len(content), "crc": zlib.crc32(content), **text}


def with_aiohttp(context):
    import aiohttp
    import yarl
    sessions = {}

    def arguments(request):
        body, data = body_of(request)
        kind = body["kind"]
        if kind == "bytes":
            return {"data": data}
        if kind == "chunked":
            return {"data": data, "chunked": True}
        if kind == "stream":
            return {"data": in_pieces(data)}
        if kind == "json":
            return {"json": body["value"]}
        if kind == "none":
            return {}
        form = aiohttp.FormData()
        for name, value in body["fields"]:
            form.add_field(name, value)
        for file in body.get("files", ()):
            form.add_field(file["name"], pattern(file["size"]), filename=file["filename"],
                           content_type=file["type"])
        return {"data": form}

    async def perform(request):
        name = request["session"]
        if name not in sessions:
            sessions[name] = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        auth = request.get("auth")
        headers = [tuple(field) for field in request["headers"]]
        basic = None
        if auth and auth["kind"] == "bearer":
            headers.append(("Authorization", f"Bearer {auth['password']}"))
        elif auth:
            basic = aiohttp.BasicAuth(auth["user"], auth["password"], "utf-8")
        async with sessions[name].request(
                request["method"], yarl.URL(request["url"], encoded=True), headers=headers,
                auth=basic, allow_redirects=request.get("redirects", True), ssl=context,
                proxy=request.get("proxy"), expect100=request.get("expect", False),
                timeout=aiohttp.ClientTimeout(10), **arguments(request)) as response:
            content = await response.read()
            return record(request, response.status, response.reason, str(response.url),
                          [r.status for r in response.history], response.headers.items(), content)

    async def close():
        for session in sessions.values():
            await session.close()

    return perform, close


def with_httpx(context):
    import httpx
    clients = {}

    def arguments(request):
        body, data = body_of(request)
        kind = body["kind"]
        if kind == "bytes":
            return {"content": data}
        if kind in ("chunked", "stream"):
            return {"content": in_pieces(data)}
        if kind == "json":
            return {"json": body["value"]}
        if kind == "none":
            return {}
        fields = {}
        for name, value in body["fields"]:
            fields.setdefault(name, []).append(value)
        if kind == "form":
            return {"data": fields}
        return {"data": fields, "files": [
            (file["name"], (file["filename"], pattern(file["size"]), file["type"]))
            for file in body["files"]]}

    def auth_of(request, headers):
        auth = request.get("auth")
        if not auth:
            return None
        if auth["kind"] == "bearer":
            headers.append(("Authorization", f"Bearer {auth['password']}"))
            return None
        kind = httpx.DigestAuth if auth["kind"] == "digest" else httpx.BasicAuth
        return kind(auth["user"], auth["password"])

    async def perform(request):
        key = request["session"], request.get("proxy")
        if key not in clients:
            clients[key] = httpx.AsyncClient(verify=context, trust_env=False, proxies=key[1],
                                             follow_redirects=True, timeout=10)
        headers = [tuple(field) for field in request["headers"]]
        auth = auth_of(request, headers)
        response = await clients[key].request(
            request["method"], request["url"], headers=headers, auth=auth,
            follow_redirects=request.get("redirects", True), **arguments(request))
        return record(request, response.status_code, response.reason_phrase, str(response.url),
                      [r.status_code for r in response.history], response.headers.multi_items(),
                      response.content)

    async def close():
        for client in clients.values():
            await client.aclose()

    return perform, close


async def main():
    context = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None)
    perform, close = {"aiohttp": with_aiohttp, "httpx": with_httpx}[sys.argv[1]](context)
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = await perform(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is compared
            result = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)
    await close()


if __name__ == "__main__":
    asyncio.run(main())
