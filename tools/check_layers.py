#!/usr/bin/env python3
"""Checks that includes follow the arrows between layers and that one layer talks to the kernel.

A file of layer X (include/hob/X, src/X) includes only headers of X and of layers below. hob/hob.hpp
includes every public header (but testing/ and detail/), hob/tls.hpp and hob/http.hpp those of their
component, and nobody includes these three. Kernel headers stand in src/sys only.
"""
import argparse
import pathlib
import re
import sys

# From bottom to top; layers in one row do not know each other.
LAYERS = [["core"], ["sys"], ["loop"], ["task"], ["sync"], ["executor"], ["stream"],
          ["net", "process", "file", "tls"], ["http"], ["testing"]]
RANK = {layer: rank for rank, row in enumerate(LAYERS) for layer in row}
KERNEL = re.compile(r"(sys|linux|net|netinet|arpa|asm)/.*\.h|(unistd|fcntl|time|signal|pthread|poll"
                    r"|sched|spawn|netdb|termios|dlfcn|dirent|ifaddrs|liburing)\.h")
# {file: {headers}}: files outside src/sys that may name the kernel, each with its reason.
KERNEL_ALLOWED: dict[str, set[str]] = {}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
# {umbrella: the layers whose public headers it includes}; all other layers are hob.hpp's.
UMBRELLAS = {"hob/hob.hpp": None, "hob/tls.hpp": {"tls"}, "hob/http.hpp": {"http"}}
COMPONENTS = {"tls", "http"}
# What hob.hpp leaves out: 5,000 lines of the standard library that few need.
LEFT_OUT = {"executor/stop_token.hpp", "http/simdjson.hpp"}


def includes(path):
    """(line number, name) of every #include in the file."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if match := INCLUDE.match(line):
                yield number, match[1]


def layer_of(path, root):
    """The layer of a file of the library, None for any other file."""
    for top in ("include/hob", "src"):
        if path.is_relative_to(root / top):
            parts = path.relative_to(root / top).parts
            return parts[0] if len(parts) > 1 else ""
    return None


def resolve(name, path, root):
    """The file of the library that `name` in `path` means, or None."""
    for base in (path.parent, root / "src", root / "include"):
        file = (base / name).resolve()
        if file.is_file() and layer_of(file, root) is not None:
            return file
    return None


def check_file(path, root):
    layer = layer_of(path, root)
    if layer not in RANK:
        yield 1, f"is in no layer ({' <- '.join(' '.join(row) for row in LAYERS)})"
        return
    for number, name in includes(path):
        if KERNEL.fullmatch(name):
            file = path.relative_to(root).as_posix()
            if not file.startswith("src/sys/") and name not in KERNEL_ALLOWED.get(file, ()):
                yield number, f"<{name}>: only src/sys includes kernel headers"
            continue
        if name in UMBRELLAS:
            yield number, f"{name} is for users: include what you use"
            continue
        target = resolve(name, path, root)
        if target is None:
            if name.startswith("hob/"):
                yield number, f"{name}: no such header"
            continue
        other = layer_of(target, root)
        public = path.is_relative_to(root / "include")
        if public and not target.is_relative_to(root / "include"):
            yield number, f"{name}: a public header includes a private one"
        elif other != layer and RANK.get(other, -1) >= RANK[layer]:
            yield number, f"{name}: {layer} must not know {other}"


def unreachable(root, name, layers):
    """Public headers that the umbrella `name` should bring in and does not."""
    umbrella = root / "include" / name
    seen, todo = set(), [umbrella]
    while todo:
        path = todo.pop()
        if path not in seen and path.exists():
            seen.add(path)
            found = (resolve(name, path, root) for _, name in includes(path))
            todo += [target for target in found if target]
    for path in sorted((root / "include/hob").rglob("*.hpp")):
        parts = path.relative_to(root / "include/hob").parts
        wanted = parts[0] in layers if layers else parts[0] not in COMPONENTS | {"testing"}
        if path not in seen and len(parts) > 1 and wanted and "detail" not in parts \
                and "/".join(parts) not in LEFT_OUT:
            yield umbrella, 1, f"does not include {'/'.join(parts)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    problems = [problem for name, layers in UMBRELLAS.items()
                for problem in unreachable(root, name, layers)]
    for top in ("include/hob", "src"):
        for path in sorted((root / top).rglob("*.[hc]pp")):
            if path.relative_to(root / top).as_posix() not in {"hob.hpp", "tls.hpp", "http.hpp"}:
                problems += [(path, *problem) for problem in check_file(path, root)]
    for path, number, message in problems:
        print(f"{path.relative_to(root)}:{number}: {message}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
