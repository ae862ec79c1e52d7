"""The scenario format: text in, statements out. Knows the grammar, not what statements do.

The grammar and every statement are documented in README.md; the C++ interpreter parses the same.
"""

# Operations that open a block, closed by a line `end`.
BLOCKS = {"try", "timeout", "timeout_at", "group", "with", "repeat", "for_gen", "as_completed"}
CLAUSES = {"except", "finally"}
# Top-level declarations of objects: name -> number of arguments after the object's name.
OBJECTS = {
    "future": 0, "lock": 0, "event": 0, "condition": 0, "semaphore": 1, "bounded_semaphore": 1,
    "barrier": 1, "queue": 1, "priority_queue": 1, "lifo_queue": 1, "counter": 1, "var": 1,
}
BODIES = {"coro", "agen", "callback"}


class ScenarioError(Exception):
    """The text is not a scenario; the message names the line."""


class Stmt:
    """One statement; a block keeps its lines in `body`, a try also its clauses and final lines."""

    __slots__ = ("op", "args", "text", "quiet", "body", "clauses", "final", "kind", "run")

    def __init__(self, tokens):
        self.quiet = tokens[0] == "?"
        if self.quiet:
            tokens = tokens[1:]
        self.op, self.args = tokens[0], tokens[1:]
        self.text = " ".join(tokens)
        self.body = self.clauses = self.final = None


class Scenario:
    """Declarations in order, and the bodies by name."""

    def __init__(self):
        self.objects = []     # (type, name, arguments)
        self.bodies = {"coro": {}, "agen": {}, "callback": {}}
        self.main = None


class _Lines:
    def __init__(self, text):
        numbered = enumerate(text.split("\n"), 1)
        self.lines = [(n, line.split()) for n, line in numbered]
        self.lines = [(n, t) for n, t in self.lines if t and not t[0].startswith("#")]
        self.at = 0

    def next(self):
        if self.at == len(self.lines):
            raise ScenarioError("the last block has no 'end'")
        self.at += 1
        return self.lines[self.at - 1]


def parse(text):
    """Parses a whole scenario."""
    scenario, lines = Scenario(), _Lines(text)
    while lines.at < len(lines.lines):
        number, tokens = lines.next()
        word = tokens[0]
        if word == "main":
            scenario.main = _block(lines)
        elif word in OBJECTS and len(tokens) == 2 + OBJECTS[word]:
            scenario.objects.append((word, tokens[1], [int(a) for a in tokens[2:]]))
        elif word in BODIES and len(tokens) == 2:
            scenario.bodies[word][tokens[1]] = _block(lines)
        else:
            raise ScenarioError(f"line {number}: not a declaration: {' '.join(tokens)}")
    if scenario.main is None:
        raise ScenarioError("there is no main")
    return scenario


def _block(lines):
    body, closer = _statements(lines)
    if closer != ["end"]:
        raise ScenarioError(f"'{' '.join(closer)}' outside of try")
    return body


def _statements(lines):
    """Statements up to the line that closes or continues the block, and that line's tokens."""
    body = []
    while True:
        _, tokens = lines.next()
        if tokens[0] == "end" or tokens[0] in CLAUSES:
            return body, tokens
        stmt = Stmt(tokens)
        body.append(stmt)
        if stmt.op == "try":
            _try(stmt, lines)
        elif stmt.op in BLOCKS:
            stmt.body = _block(lines)


def _try(stmt, lines):
    stmt.clauses = []
    stmt.body, closer = _statements(lines)
    while closer[0] == "except":
        kind = closer[1]
        clause, closer = _statements(lines)
        stmt.clauses.append((kind, clause))
    if closer[0] == "finally":
        stmt.final, closer = _statements(lines)
    if closer != ["end"]:
        raise ScenarioError(f"'{' '.join(closer)}' cannot follow here")
