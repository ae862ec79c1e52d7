#!/usr/bin/env python3
"""Checks that relative links in *.md lead somewhere and that quoted code is the code of examples/.

A quoted block is the fence after `<!-- snippet: examples/x.cpp#marker -->`; it must equal what
stands between two lines `// [marker]` in that file (without #marker: the whole file). --fix copies
the code into the documents.
"""
import argparse
import pathlib
import re
import sys
import textwrap
import urllib.parse

from check_style import project_files

SNIPPET = re.compile(r"(^<!-- snippet: (?P<file>[^\s#]+)(#(?P<marker>\S+))? -->\n"
                     r"+```\w*\n)(?P<body>.*?)(?P<end>^```$)", re.S | re.M)
LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>]+)>?[^)\n]*\)|^\[[^\]\n]+\]:\s+(\S+)", re.M)
FENCE = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.S | re.M)
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.M)


def quoted(root, file, marker):
    """The code that `file#marker` names; raises ValueError with what is wrong."""
    path = root / file
    if not path.is_file():
        raise ValueError(f"snippet {file}: no such file")
    text = path.read_text(encoding="utf-8")
    if marker is None:
        return text
    parts = re.split(rf"^[ \t]*(?://|#) \[{re.escape(marker)}\][ \t]*\n", text, flags=re.M)
    if len(parts) != 3:
        raise ValueError(f"snippet {file}: needs two lines `// [{marker}]`")
    return textwrap.dedent(parts[1]).strip("\n") + "\n"


def blank(match):
    """The same number of lines with nothing in them, so that line numbers stay."""
    return "\n" * match[0].count("\n")


def anchors(text):
    """The anchors of the headings, as GitHub names them."""
    for heading in HEADING.findall(FENCE.sub(blank, text)):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check_links(root, name, text):
    plain = CODE.sub("", FENCE.sub(blank, text))
    for match in LINK.finditer(plain):
        link = urllib.parse.unquote(match[1] or match[2])
        number = plain.count("\n", 0, match.start()) + 1
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (root / name).parent / file if file else root / name
        if not target.exists():
            yield number, f"link to {link}: no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            yield number, f"link to {link}: no such heading"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fix", action="store_true", help="copy the code into the documents")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    root = options.root.resolve()
    bad = 0
    for name in project_files(root):
        if not name.endswith(".md"):
            continue
        text = (root / name).read_text(encoding="utf-8")
        problems = list(check_links(root, name, text))

        def compare(match):
            number = text.count("\n", 0, match.start()) + 1
            try:
                body = quoted(root, match["file"], match["marker"])
            except ValueError as error:
                problems.append((number, error))
                return match[0]
            if body != match["body"] and not options.fix:
                problems.append((number, f"differs from {match['file']}: check_docs.py --fix"))
            return match[1] + body + match["end"]

        fixed = SNIPPET.sub(compare, text)
        if len(re.findall("^<!-- snippet:", text, re.M)) != len(SNIPPET.findall(text)):
            problems.append((1, "a snippet comment without a code block after it"))
        if options.fix and fixed != text:
            (root / name).write_text(fixed, encoding="utf-8")
        for number, message in problems:
            print(f"{name}:{number}: {message}")
        bad += len(problems)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
