"""Random scenarios from a seed: `generate.py SEED` prints one.

Swarm style: every seed enables its own subset of features, so that rare pairs meet often. Names are
ranked to keep tasks from waiting for each other in a circle (CPython's cancel() would recurse for
ever): the body with rank r awaits only tasks, gathers and shields whose members rank higher. Times
are small numbers, so that much happens in the same turn.
"""

import random
import sys

import snippets

FEATURES = sorted(snippets.FEATURES)
STATEMENTS_MAX = 60
DEPTH_MAX = 3
BUDGET = 30


class Generator:
    """The state of one scenario being written."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        share = self.random.choice((0.15, 0.3, 0.5))
        self.features = [f for f in FEATURES if self.random.random() < share]
        self.features += [f for f in ("core", "errors") if f not in self.features]
        self.focus = self.pick([None, *self.features])      # a feature much used
        self.coros = self.random.randint(2, 7)
        self.futures = [f"f{i}" for i in range(self.random.randint(1, 3))]
        self.callbacks = self.random.randint(1, 3)
        most = 1 if self.focus in ("locks", "queue", "shutdown") else 3
        self.locks = self.random.sample(snippets.LOCKS, self.random.randint(1, most))
        self.queues = self.random.sample(snippets.QUEUES, self.random.randint(1, most))
        self.queue_words = self.pick((["put", "put", "get", "get", "join"], ["get"], ["put"]))
        self.awaitables = {f: 99 for f in self.futures}    # name -> rank
        self.awaitables.update({f"t{i}": i for i in range(self.coros)})
        self.flat = [*self.awaitables]                     # tasks and futures: no gather inside
        self.owners = {}                                   # group -> rank of its parent
        self.timeouts = []
        self.gathers = []
        self.count = 0
        self.numbers = 0
        self.costs = {}           # coroutine -> tasks and calls that one run of it makes
        self.spent = 0
        self.multiplier = 1
        self.plain_choices = self._choices("plain")
        self.body_choices = self._choices("plain") + self._choices("body")

    def _choices(self, kind):
        return [(function, weight * (6 if feature == self.focus else 1))
                for feature in self.features
                for function, weight in snippets.FEATURES[feature].get(kind, ())]

    # What snippets use.

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, probability):
        return self.random.random() < probability

    def number(self, most=3):
        return self.random.randint(0, most)

    def fresh(self, prefix):
        """A new name."""
        self.numbers += 1
        return f"{prefix}{self.numbers}"

    def target(self):
        """Something to cancel or to look at."""
        return self.pick([*self.awaitables, "self"])

    def awaitable(self, rank, flat=False):
        """Something that a body of this rank may wait for, or None."""
        names = [n for n in (self.flat if flat else self.awaitables) if self.awaitables[n] > rank]
        return self.pick(names) if names else None

    def coro(self, rank):
        """A coroutine that a body of this rank may run, or None. Counts its cost."""
        left = (BUDGET - self.spent) / self.multiplier
        able = [r for r in range(rank + 1, self.coros) if self.costs[r] <= left]
        if not able:
            return None
        chosen = self.pick(able)
        self.spent += self.costs[chosen] * self.multiplier
        return f"c{chosen}"

    def members(self, rank, least=1, most=3, flat=False, coros=True):
        """Arguments for gather and its like."""
        found = []
        for _ in range(self.random.randint(least, most)):
            coro = self.coro(rank) if coros and self.chance(0.3) else None
            name = coro + "()" if coro else self.awaitable(rank, flat)
            if name:
                found.append(name)
        return found

    def rank_of(self, members):
        return min((self._rank(m) for m in members), default=99)

    def _rank(self, member):
        return int(member[1:-2]) if member.endswith("()") else self.awaitables[member]

    def error(self):
        return self.pick(["ValueError", "RuntimeError", f"Boom {self.number(9)}"])

    def block(self, rank, depth, least=1, most=3):
        """A few statements of a coroutine."""
        if depth > DEPTH_MAX or self.count > STATEMENTS_MAX:
            return ["sleep 0"]
        lines = []
        for _ in range(self.random.randint(least, most)):
            lines += self.statement(rank, depth)
        return lines

    def loop(self, rank, depth, least, most, turns):
        """The body of a loop that turns at most so often."""
        self.multiplier *= turns
        lines = self.block(rank, depth, least, most)
        self.multiplier //= turns
        return [*lines, "break"] if self.chance(0.2) else lines

    def statement(self, rank, depth):
        self.count += 1
        functions, weights = zip(*self.body_choices)
        while True:
            lines = self.random.choices(functions, weights)[0](self, rank, depth)
            if lines:
                return lines

    def plain(self, most=2):
        """A few statements of a callback."""
        functions, weights = zip(*self.plain_choices)
        lines = []
        for _ in range(self.random.randint(1, most)):
            self.count += 1
            lines += self.random.choices(functions, weights)[0](self, 99, 0) or []
        return lines

    def focused(self):
        """A plain statement of the feature in focus, or any."""
        pieces = snippets.FEATURES.get(self.focus, {}).get("plain")
        return pieces and self.pick(pieces)[0](self, 99, 0) or self.plain(1)

    # The parts of a scenario.

    def scenario(self):
        bodies = []
        for rank in reversed(range(self.coros)):
            bodies.append((f"coro c{rank}", self.body(rank)))
            self.costs[rank] = 1 + self.spent
            self.spent = 0
        releases, main = snippets.releases(self)
        main += self.main()
        for index in range(self.callbacks):
            bodies.append((f"callback k{index}", self.plain()))
        agens = snippets.agen_bodies(self) if "agen" in self.features else []
        lines = [f"future {name}" for name in self.futures] + snippets.OBJECTS
        for head, body in [*bodies, *releases, *agens]:
            lines += [head, *indented(body), "end"]
        return "\n".join([*lines, "main", *indented(main), "end", ""])

    def body(self, rank):
        lines = self.block(rank, 0, 1, 5)
        if self.chance(0.5):
            lines.append(f"return {self.number(9)}")
        elif self.chance(0.2):
            lines.append(f"raise {self.error()}")
        return lines

    def main(self):
        lines = []
        if "eager" in self.features and self.chance(0.3):
            lines.append("set_eager on")
        if "handler" in self.features and self.chance(0.5):
            lines.append("set_handler h v0")
        for index in range(self.coros):
            if self.chance(0.9 if self.focus else 0.6):
                lines.append(f"spawn t{index} c{index}")
        if self.focus:
            lines += self.driver()
        for _ in range(self.random.randint(1, 6)):
            lines += self.statement(-1, 0)
        if self.chance(0.5):
            lines.append(f"sleep {self.number(4) + 1}")
        for index in range(self.coros):
            if self.chance(0.3):
                lines.append(f"? await t{index}")
        return lines


    def driver(self):
        """Statements of main that disturb the tasks, turn by turn."""
        lines = []
        for _ in range(self.random.randint(2, 7)):
            more = snippets.disturb(self) if self.chance(0.6) else self.plain(1)
            lines += [line for line in more if line != "cancel self" and line[:5] != "raise"]
            if self.chance(0.7):
                lines.append(f"sleep {self.pick([0, 0, 0, 1, 1, 2])}")
        return lines


def indented(lines):
    return ["  " + line for line in lines]


def generate(seed):
    """The text of the scenario with this seed."""
    return Generator(seed).scenario()


if __name__ == "__main__":
    print(generate(int(sys.argv[1])), end="")
