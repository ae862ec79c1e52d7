#!/usr/bin/env python3
"""Writes the tables (*.inc) that the tests of hob::http compare with, by asking Python's library.

Run it after changing the inputs below; `--check` fails when a table is out of date.
"""
import email.message
import gzip
import hashlib
import http.cookiejar
import json
import netrc
import os
import pathlib
import sys
import tempfile
import urllib.parse
import urllib.request
import zlib

import requests

HERE = pathlib.Path(__file__).resolve().parent


class Raw(bytes):
    """Bytes as a call that makes a std::string of them."""


def text(value):
    """A C++ literal."""
    if isinstance(value, Raw):
        return "bytes_of({" + ", ".join(map(str, value)) + "})"
    if value is None:
        return "nullptr"
    if not isinstance(value, str):
        return str(value).lower()
    out = json.dumps(value)
    return out if "\\u" not in out else '"' + "".join(
        chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\{b:03o}"
        for b in value.encode()) + '"'


def urljoin():
    base = "http://a/b/c/d;p?q"  # RFC 3986, 5.4
    references = ["g", "./g", "g/", "/g", "//g", "?y", "g?y", "#s", "g#s", "g?y#s", ";x", "g;x",
                  "g;x?y#s", "", ".", "./", "..", "../", "../g", "../..", "../../", "../../g",
                  "../../../g", "../../../../g", "/./g", "/../g", "g.", ".g", "g..", "..g",
                  "./../g", "./g/.", "g/./h", "g/../h", "g;x=1/./y", "g;x=1/../y", "g?y/./x",
                  "g?y/../x", "g#s/./x", "g#s/../x", "https://other/x", "//h:81/y?z", "?x=%2F",
                  "/a:b", "./a:b"]
    for reference in references:
        joined = urllib.parse.urljoin(base, reference)
        yield base, reference, joined + ("/" if joined.count("/") == 2 else "")
    for base in ["http://h", "http://h/x", "http://h/x/"]:
        for reference in ["a", "/a", "../a", "?q", "#f", "."]:
            if base == "http://h" and reference in ("?q", "#f", "."):
                continue  # urljoin knows no empty path
            yield base, reference, urllib.parse.urljoin(base, reference)


def cookies():
    rows = [
        ("http://a.com/", "x=1", "http://a.com/"),
        ("http://a.com/", "x=1", "http://a.com/b/c"),
        ("http://a.com/b/c", "x=1", "http://a.com/"),
        ("http://a.com/b/c", "x=1", "http://a.com/b"),
        ("http://a.com/b/c", "x=1", "http://a.com/b/d"),
        ("http://a.com/b/c", "x=1", "http://a.com/bc"),
        ("http://a.com/b/c", "x=1; Path=/", "http://a.com/"),
        ("http://a.com/b/", "x=1; Path=/b", "http://a.com/b/c"),
        ("http://a.com/b/", "x=1; Path=/b", "http://a.com/bc"),
        ("http://a.com/", "x=1; Domain=a.com", "http://b.a.com/"),
        ("http://b.a.com/", "x=1; Domain=a.com", "http://c.a.com/"),
        ("http://b.a.com/", "x=1; Domain=c.a.com", "http://c.a.com/"),
        ("http://a.com/", "x=1; Domain=com", "http://b.com/"),
        ("http://a.com/", "x=1; Domain=a.com", "http://ba.com/"),
        ("https://a.com/", "x=1; Secure", "http://a.com/"),
        ("https://a.com/", "x=1; Secure", "https://a.com/"),
        ("https://a.com/", "x=1; HttpOnly; SameSite=Lax", "https://a.com/"),
        ("http://a.com/", "x=1\ny=2\nx=3", "http://a.com/"),
        ("http://a.com/b/c", "x=1; Path=/\ny=2; Path=/b", "http://a.com/b/c"),
        ("http://a.com/", "x=a=b", "http://a.com/"),
        ("http://a.com/", "x=", "http://a.com/"),
        ("http://a.com/", "  x  =  1  ;  Path = /  ", "http://a.com/"),
        ("http://a.com/", "x=1; Max-Age=60", "http://a.com/"),
        ("http://a.com/", "x=1; expires=Wed, 09 Jun 2010 10:18:14 GMT", "http://a.com/"),
        ("http://a.com/", "x=1; expires=Wed, 09 Jun 2100 10:18:14 GMT", "http://a.com/"),
        ("http://a.com/", "x=1; expires=garbage", "http://a.com/"),
        ("http://a.com/", "x=1\nx=; expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://a.com/"),
        ("http://a.com:8080/", "x=1", "http://a.com:9090/"),
        ("http://a.com/", "x=1; Unknown=thing; Version=1", "http://a.com/"),
    ]
    for origin, fields, to in rows:
        jar = http.cookiejar.CookieJar()
        message = email.message.Message()
        for field in fields.split("\n"):
            message = email.message.Message()
            message["Set-Cookie"] = field
            jar.extract_cookies(type("Response", (), {"info": lambda _, m=message: m})(),
                                urllib.request.Request(origin))
        request = urllib.request.Request(to)
        jar.add_cookie_header(request)
        yield origin, fields, to, request.get_header("Cookie", "")


def cookie_dates():
    for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                 "Wed, 09 Jun 2021 10:18:14 GMT", "Thu, 29 Feb 2024 23:59:59 GMT",
                 "Sat, 01-Jan-2000 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
                 "Fri, 31 Dec 2100 12:00:00 GMT", "Wednesday, 09-Nov-99 23:12:40 GMT",
                 "no date at all", "32 Jan 2020 00:00:00 GMT"]:
        seconds = http.cookiejar.http2time(date)
        yield date, -1 if seconds is None else int(seconds)


def charsets():
    samples = [
        ("ascii only", "utf-8"), ("grün €", "utf-8"), ("😀", "utf-8"), ("grün", "latin-1"),
        ("“€”", "windows-1252"), ("😀 x", "utf-16-le"), ("😀 x", "utf-16-be"), ("日本", "shift_jis"),
        ("привет", "koi8-r"), ("中文", "gb18030"), ("한국", "euc-kr"), ("Ελλάδα", "iso-8859-7"),
    ]
    labels = {"utf-16-le": "UTF-16LE", "utf-16-be": "utf-16be"}
    for sample, charset in samples:
        yield Raw(sample.encode(charset)), labels.get(charset, charset), sample
    for broken in [b"a\xffb", b"\xc3", b"\xe2\x82", b"\xe2\x82x", b"\xf0\x9f\x98", b"\xed\xa0\x80",
                   b"\xc0\xaf", b"\xf5\x80\x80\x80", b"\x80\x80", b"\xe0\x80\x80", b"\xf4\x90\x80\x80"]:
        yield Raw(broken), "utf-8", broken.decode("utf-8", "replace")
    for broken in [b"\x3d\xd8x\x00", b"\x00\xdex\x00", b"x\x00y"]:
        yield Raw(broken), "utf-16le", broken.decode("utf-16-le", "replace")


def digests():
    from requests.auth import HTTPDigestAuth  # python3-requests
    for algorithm in ["", "MD5", "MD5-sess", "SHA-256", "SHA"]:
        for qop in ["", "auth", "auth,auth-int"]:
            challenge = 'Digest realm="a realm", nonce="dcd98b7102dd", opaque="5ccc"'
            challenge += f', algorithm={algorithm}' if algorithm else ""
            challenge += f', qop="{qop}"' if qop else ""
            if algorithm == "MD5-sess" and not qop:
                continue  # requests forgets the client's nonce there
            for method, target in [("GET", "/dir/index.html?a=b"), ("POST", "/")]:
                auth = HTTPDigestAuth("Mufasa", "Circle Of Life")
                auth.init_per_thread_state()
                auth._thread_local.chal = requests.utils.parse_dict_header(challenge[7:])
                real, cnonce = hashlib.sha1, "0123456789abcdef"
                # Its client nonce is 16 digits of a SHA-1 over random bytes: make that known.
                fixed = type("Fixed", (), {"hexdigest": lambda self: cnonce * 3})
                if algorithm != "SHA":
                    hashlib.sha1 = lambda *_, **__: fixed()
                elif qop:
                    continue
                try:
                    header = auth.build_digest_header(method, "http://h" + target)
                finally:
                    hashlib.sha1 = real
                response = requests.utils.parse_dict_header(header[7:])["response"]
                yield challenge, "Mufasa", "Circle Of Life", method, target, cnonce, response


def netrcs():
    files = [
        "machine host.com login log1 password pass1",
        "machine host.com\n\tlogin log1\n\tpassword pass1\n\taccount acct1\n",
        "machine other login a password b\nmachine host.com login c password d\n",
        "machine host.com login a password b\nmachine host.com login c password d\n",
        "machine host.com login a password b\ndefault login c password d\n",
        "machine other login a password b\ndefault login c password d\n",
        "# comment\nmachine host.com login a password b # trailing\n",
        "machine host.com login \"a b\" password \"c\\\"d\"\n",
        "machine host.com login a password pass#word\n",
        "machine host.com login a password #pass\n",
        "macdef init\n\tsome text\n\tmachine host.com\n\nmachine host.com login a password b\n",
        "machine host.com user a password b\n",
        "machine host.com login a\n",
        "machine other login a password b\n",
        "",
    ]
    for content in files:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(content)
            file.flush()
            found = netrc.netrc(file.name).authenticators("host.com")
        yield (content, "host.com") + ((found[0], found[2]) if found else (None, None))


def no_proxy():
    for variable in ["", "*", "a.com", ".a.com", "a.com,b.com", " a.com , b.com ", "A.COM", "a.com:80",
                     "a.com:8080", "com", "1.2.3.4", "localhost,127.0.0.1", "*.a.com", "xa.com"]:
        for url in ["http://a.com/", "http://www.a.com/", "http://ba.com/", "http://a.com:8080/",
                    "http://1.2.3.4/", "http://127.0.0.1/", "http://localhost/"]:
            os.environ["no_proxy"] = variable
            host = urllib.parse.urlsplit(url).netloc
            if ":" not in host:
                host += ":80"  # urllib compares with what the URL says; the default is the same
            yield variable, url, bool(urllib.request.proxy_bypass_environment(host))


def codings():
    words = "hello hello hello world"
    yield "gzip", gzip.compress(words.encode(), mtime=0).hex(), words
    yield "x-gzip", (gzip.compress(b"two ", mtime=0) + gzip.compress(b"members", mtime=0)).hex(), \
        "two members"
    yield "gzip", (gzip.compress(b"padded", mtime=0) + bytes(8)).hex(), "padded"
    yield "deflate", zlib.compress(words.encode()).hex(), words
    for level in [0, 1, 9]:
        raw = zlib.compressobj(level, wbits=-15)
        yield "deflate", (raw.compress(words.encode()) + raw.flush()).hex(), words


TABLES = {"urljoin": urljoin, "cookies": cookies, "cookie_dates": cookie_dates,
          "charsets": charsets, "digests": digests, "netrc": netrcs, "no_proxy": no_proxy,
          "codings": codings}


def main():
    stale = False
    for name, table in TABLES.items():
        rows = "".join("    {" + ", ".join(map(text, row)) + "},\n" for row in table())
        target = HERE / f"{name}.inc"
        if not target.exists() or target.read_text() != rows:
            stale = True
            if "--check" not in sys.argv:
                target.write_text(rows)
    return "--check" in sys.argv and stale


if __name__ == "__main__":
    sys.exit(main())
