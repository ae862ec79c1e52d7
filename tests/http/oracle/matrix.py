# SPDX-License-Identifier: MIT
"""The requests of the matrix. A request is a dictionary that clients read as JSON:

  id, session         whose it is; requests of a session share cookies and connections
  method, url, headers
  body                {"kind": bytes | chunked | stream | json | form | multipart, ...}
  auth                {"kind": basic | bearer | digest, "user", "password"}
  proxy, expect (100-continue), redirects (False: they are the response)
  any_framing         how the body is delimited depends on what arrives when
  wants               what the driver checks beside that all clients agree
  without             clients that cannot do it, or do something else by design
"""

import zlib

USER, PASSWORD = "ann", "s3cret:x"
MEGABYTE = 1 << 20


def pattern(size):
    """As in digest.hpp."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def crc(size):
    return zlib.crc32(pattern(size))


def request(name, method, path, *, headers=(), encoding="identity", **more):
    common = [["Accept", "*/*"], ["User-Agent", "matrix/1"], ["Accept-Encoding", encoding]]
    return {"id": name, "method": method, "url": path,
            "headers": common + [list(field) for field in headers], **more}


def form_bodies():
    fields = [["name", "Grace Hopper"], ["name", "again"], ["empty", ""], ["text", "a&b=c d+é%"]]
    yield request("form", "POST", "/echo", body={"kind": "form", "fields": fields},
                  wants={"status": 200, "echo": {"form": fields}})
    value = {"id": 7, "names": ["Ada", "Zoë"], "nested": {"none": None, "half": 0.5, "yes": True}}
    yield request("json", "POST", "/echo", body={"kind": "json", "value": value},
                  wants={"status": 200, "echo": {"json": value}})
    parts = [["text", "two\r\nlines"], ["empty", ""]]
    files = [{"name": "one", "filename": "one.txt", "type": "text/plain", "size": 20},
             {"name": "large", "filename": "large.bin", "type": "application/octet-stream",
              "size": 200_000},
             {"name": "none", "filename": "none.bin", "type": "application/octet-stream",
              "size": 0}]
    wanted = [{"name": name, "length": len(value), "crc": zlib.crc32(value.encode())}
              for name, value in parts]
    wanted += [{"name": file["name"], "filename": file["filename"], "type": file["type"],
                "length": file["size"], "crc": crc(file["size"])} for file in files]
    yield request("multipart", "POST", "/echo",
                  body={"kind": "multipart", "fields": parts, "files": files},
                  wants={"status": 200, "echo": {"parts": wanted}})


def methods_and_bodies():
    octets = [("Content-Type", "application/octet-stream")]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MATRIX"):
        yield request(f"{method} no body", method, "/echo?a=1&b=%20%2F",
                      wants={"status": 200, "echo": {"method": method, "length": 0}})
    for size in (0, 1, 5000, 70_000, 3 * MEGABYTE):
        wants = {"status": 200, "echo": {"method": "POST", "length": size, "crc": crc(size)}}
        yield request(f"length {size}", "POST", "/echo", headers=octets,
                      body={"kind": "bytes", "size": size}, wants=wants)
        if size:
            yield request(f"chunked {size}", "POST", "/echo", headers=octets,
                          body={"kind": "chunked", "size": size}, wants=wants)
            yield request(f"stream {size}", "POST", "/echo", headers=octets,
                          body={"kind": "stream", "size": size}, wants=wants)
    for method in ("PUT", "PATCH", "DELETE"):
        yield request(f"{method} body", method, "/echo", headers=octets,
                      body={"kind": "bytes", "size": 300},
                      wants={"status": 200, "echo": {"method": method, "length": 300}})
    for kind in ("bytes", "stream"):
        yield request(f"expect {kind}", "POST", "/echo", headers=octets, expect=True,
                      body={"kind": kind, "size": 9000}, without={"httpx"},
                      wants={"status": 200, "echo": {"length": 9000, "crc": crc(9000)}})
    yield request("no body read", "POST", "/refuse", headers=octets,
                  body={"kind": "bytes", "size": 2000}, wants={"status": 403})
    yield request("own fields", "GET", "/echo",
                  headers=[("X-Matrix-A", "1, 2"), ("X-Matrix-Long", "x" * 6000)],
                  wants={"status": 200, "echo": {"headers": {"x-matrix-a": "1, 2",
                                                             "x-matrix-long": "x" * 6000}}})


def answers(server):
    for code in (200, 201, 202, 203, 206, 400, 401, 402, 403, 404, 405, 409, 410, 418, 422, 429,
                 451, 500, 501, 503, 504, 599):
        yield request(f"status {code}", "GET", f"/status/{code}", wants={"status": code})
    for code in (204, 304):
        yield request(f"status {code}", "GET", f"/status/{code}",
                      wants={"status": code, "length": 0})
        yield request(f"after {code}", "GET", "/status/200", wants={"status": 200, "length": 10})
    for path in ("/status/200", "/bytes/1000", "/chunked/1000", "/text/3000", "/status/404"):
        yield request(f"HEAD {path}", "HEAD", path, encoding="gzip",
                      wants={"status": int(path[-3:]) if "status" in path else 200, "length": 0})
    for kind in ("bytes", "chunked"):
        for size in (0, 1, 20_000, 2 * MEGABYTE):
            # An empty chunked body is one of length 0 when its end arrives with its head.
            yield request(f"get {kind} {size}", "GET", f"/{kind}/{size}",
                          any_framing=server == "caddy" and size == 0,
                          wants={"status": 200, "length": size, "crc": crc(size)})
    # The others drop trailers (nginx, apache), which they may (RFC 9110, 6.5.1).
    passes = server in ("hob", "haproxy", "caddy")
    yield request("trailers", "GET", "/trailers", wants={
        "status": 200, "length": 30_000,
        "trailers": {"x-matrix-sum": str(crc(30_000))} if passes else {}})
    yield request("many fields", "GET", "/many-headers", wants={"status": 200})
    yield request("close", "GET", "/close", wants={"status": 200, "text": "bye"})
    yield request("asked to close", "GET", "/status/200", headers=[("Connection", "close")],
                  wants={"status": 200})
    yield request("error", "GET", "/error", wants={"status": 500})
    yield request("no such page", "GET", "/nowhere", wants={"status": 404})
    yield request("wrong method", "DELETE", "/text/10", wants={"status": 405})


def encodings(zstd):
    """zstd: whether every client can expand it, so that it may be asked for."""
    for encoding in ("gzip", "deflate", "br", *(["zstd"] if zstd else ())):
        # aiohttp and httpx without their optional packages know neither br nor zstd.
        without = {"aiohttp", "httpx"} if encoding in ("br", "zstd") else ()
        for path in ("/text/3000", "/text/300000"):
            yield request(f"{encoding} {path}", "GET", path, encoding=encoding, without=without,
                          wants={"status": 200})
    yield request("gzip;q=0", "GET", "/text/3000", encoding="gzip;q=0", wants={"status": 200})


def redirects():
    octets = [("Content-Type", "application/octet-stream")]
    for code in (301, 302, 303, 307, 308):
        yield request(f"{code} GET", "GET", f"/redirect/{code}/2",
                      wants={"status": 200, "history": [code] * 3, "echo": {"method": "GET"}})
        keeps = code in (307, 308)
        yield request(f"{code} POST", "POST", f"/redirect/{code}/1", headers=octets,
                      body={"kind": "bytes", "size": 400},
                      wants={"status": 200, "history": [code] * 2, "echo": {
                          "method": "POST" if keeps else "GET", "length": 400 if keeps else 0}})
        yield request(f"{code} HEAD", "HEAD", f"/redirect/{code}/0",
                      wants={"status": 200, "history": [code]})
        yield request(f"{code} kept", "GET", f"/redirect/{code}/2", redirects=False,
                      wants={"status": code, "history": []})
    # 300 is for the reader to choose (aiohttp, fetch); curl and httpx follow its Location.
    yield request("300", "GET", "/redirect/300/0", without={"curl", "httpx"},
                  wants={"status": 300})


def cookies():
    wants = {"status": 200, "history": [302],
             "echo": {"cookies": ["one=1", 'two="2 2"']}}
    yield request("cookies set", "GET", "/cookies/set", wants=wants)
    yield request("cookies kept", "GET", "/echo",
                  wants={"status": 200, "echo": {"cookies": ["one=1", 'two="2 2"']}})


def authentication():
    yield request("no password", "GET", "/basic", wants={"status": 401})
    for name, password in (("password", PASSWORD), ("wrong password", "x")):
        yield request(f"{name}", "GET", "/basic", wants={"status": 200 if password != "x" else 401},
                      auth={"kind": "basic", "user": USER, "password": password})
    yield request("bearer", "GET", "/bearer", wants={"status": 200},
                  auth={"kind": "bearer", "user": "", "password": "t0ken"})


def app(server, zstd):
    """What the program on Hob answers, straight or with `server` in between."""
    yield from methods_and_bodies()
    yield from form_bodies()
    yield from answers(server)
    yield from encodings(zstd)
    yield from redirects()
    yield from cookies()
    yield from authentication()


def own(server):
    """What nginx, apache, caddy and haproxy answer themselves."""
    yield request("teapot", "GET", "/teapot", wants={
        "status": 500 if server == "apache" else 418})
    yield request("gone", "GET", "/gone", wants={"status": 410})
    yield request("silent", "GET", "/silent", wants={"status": 204, "length": 0})
    yield request("nobody behind", "GET", "/nobody/", wants={
        "status": 503 if server in ("apache", "haproxy") else 502})
    for code in (301, 302):
        yield request(f"moved {code}", "GET", f"/moved/{code}",
                      wants={"status": 200, "history": [code]})
    for code in (307, 308):
        yield request(f"moved {code}", "POST", f"/moved/{code}",
                      headers=[("Content-Type", "application/octet-stream")],
                      body={"kind": "bytes", "size": 10},
                      wants={"status": 200, "history": [code], "echo": {"length": 10}})
    yield request("no password", "GET", "/files/private/", wants={"status": 401})
    yield request("password", "GET", "/files/private/", wants={"status": 200},
                  auth={"kind": "basic", "user": USER, "password": PASSWORD})
    yield request("bad password", "GET", "/files/private/", wants={"status": 401},
                  auth={"kind": "basic", "user": USER, "password": "x"})
    if server != "haproxy":
        yield from files(server)
    if server == "apache":
        for name, password in (("digest", PASSWORD), ("bad digest", "x")):
            # aiohttp 3.8 has no digest.
            yield request(name, "GET", "/files/digest/", without={"aiohttp"},
                          wants={"status": 200 if password == PASSWORD else 401},
                          auth={"kind": "digest", "user": USER, "password": password})


def files(server):
    size = 100_000
    yield request("file", "GET", "/files/data.bin",
                  wants={"status": 200, "length": size, "crc": crc(size)})
    yield request("HEAD file", "HEAD", "/files/data.bin", wants={"status": 200, "length": 0})
    yield request("empty file", "GET", "/files/empty.txt", wants={"status": 200, "length": 0})
    yield request("no file", "GET", "/files/nothing", wants={"status": 404})
    yield request("folder", "GET", "/files/folder", wants={
        "status": 200, "history": [308 if server == "caddy" else 301]})
    for encoding in ("gzip", "br", "zstd"):
        without = {"aiohttp", "httpx"} if encoding != "gzip" else ()
        yield request(f"file {encoding}", "GET", "/files/text.txt", encoding=encoding,
                      without=without, wants={"status": 200})
    for name, value, status in (
            ("first", "bytes=0-99", 206), ("middle", "bytes=500-1499", 206),
            ("last", "bytes=-10", 206), ("rest", "bytes=99000-", 206),
            ("two", "bytes=0-9,20-29", 206), ("beyond", "bytes=200000-", 416),
            ("nonsense", "pages=1-2", 416 if server == "caddy" else 200)):
        # Boundaries of two ranges are random.
        yield request(f"range {name}", "GET", "/files/data.bin", headers=[("Range", value)],
                      wants={"status": status}, random=name == "two")
    recent = "Tue, 14 Nov 2023 22:13:20 GMT"  # when the files were made, says make_files
    for name, field, value, status in (
            ("not modified", "If-Modified-Since", recent, 304),
            ("modified", "If-Modified-Since", "Tue, 14 Nov 2000 22:13:20 GMT", 200),
            ("unmodified", "If-Unmodified-Since", recent, 200),
            ("too new", "If-Unmodified-Since", "Tue, 14 Nov 2000 22:13:20 GMT", 412),
            ("any tag", "If-None-Match", "*", 304),
            ("other tag", "If-None-Match", '"other"', 200),
            ("wanted tag", "If-Match", '"other"', 412)):
        # After 412 nginx closes without having said so: let nobody use that connection again.
        close = [("Connection", "close")] if status == 412 else []
        yield request(name, "GET", "/files/data.bin", headers=[(field, value), *close],
                      wants={"status": status})
    yield request("POST file", "POST", "/files/data.bin",
                  headers=[("Content-Type", "application/octet-stream")],
                  body={"kind": "bytes", "size": 10}, wants={})
    if server == "nginx":
        yield request("too large", "POST", "/app/echo",
                      headers=[("Content-Type", "application/octet-stream")], expect=True,
                      body={"kind": "bytes", "size": 5 * MEGABYTE}, without={"httpx", "aiohttp"},
                      wants={"status": 413})
        # The answer comes before the body is sent, which only careful clients look for.
        yield request("too large at once", "POST", "/app/echo",
                      headers=[("Content-Type", "application/octet-stream")],
                      body={"kind": "bytes", "size": 5 * MEGABYTE}, without={"httpx", "aiohttp"},
                      wants={"status": 413})


def small(prefix):
    """A few requests for each further way to a server: TLS, a proxy, both."""
    yield request("GET", "GET", f"{prefix}/echo?x=%C3%A9", wants={"status": 200})
    yield request("POST", "POST", f"{prefix}/echo",
                  headers=[("Content-Type", "application/octet-stream")],
                  body={"kind": "bytes", "size": 200_000},
                  wants={"status": 200, "echo": {"length": 200_000, "crc": crc(200_000)}})
    yield request("stream", "POST", f"{prefix}/echo",
                  headers=[("Content-Type", "application/octet-stream")],
                  body={"kind": "stream", "size": 30_000},
                  wants={"status": 200, "echo": {"length": 30_000, "crc": crc(30_000)}})
    yield request("HEAD", "HEAD", f"{prefix}/bytes/10", wants={"status": 200, "length": 0})
    yield request("204", "GET", f"{prefix}/status/204", wants={"status": 204})
    yield request("bytes", "GET", f"{prefix}/bytes/{MEGABYTE}",
                  wants={"status": 200, "length": MEGABYTE, "crc": crc(MEGABYTE)})
    yield request("chunked", "GET", f"{prefix}/chunked/100000",
                  wants={"status": 200, "length": 100_000, "crc": crc(100_000)})
    yield request("gzip", "GET", f"{prefix}/text/3000", encoding="gzip", wants={"status": 200})
    yield request("redirect", "GET", f"{prefix}/redirect/302/1",
                  wants={"status": 200, "history": [302, 302]})
    yield request("password", "GET", f"{prefix}/basic", wants={"status": 200},
                  auth={"kind": "basic", "user": USER, "password": PASSWORD})
    yield request("404", "GET", f"{prefix}/nowhere", wants={"status": 404})
    yield request("close", "GET", f"{prefix}/close", wants={"status": 200})
    yield request("after", "GET", f"{prefix}/status/200", wants={"status": 200})


def kept():
    """Of one session: all on one connection, which matrix_client reports."""
    for i in range(5):
        yield request(f"kept {i}", "GET", "/bytes/1000", wants={"status": 200, "length": 1000})
