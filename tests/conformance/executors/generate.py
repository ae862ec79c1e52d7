#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random scripts for executors from a seed: `generate.py SEED` prints one.

The generator keeps a model of the pool (who runs, who waits), so it knows what to wait for before
the next step: every job stops at a gate, and a script never looks at anything that is in flight.
The commands are in README.md.
"""
import random
import sys


class Model:
    def __init__(self, rng):
        self.rng, self.lines = rng, []
        self.workers = rng.randint(1, 3)
        self.jobs = {}      # name -> state: pending, running, cancelled, noticed, done
        self.failing = set()
        self.nests = {}     # name -> the job that it submits when it begins
        self.queue, self.callbacks = [], {}
        self.waits, self.counter = {}, 0
        self.closed = False

    def emit(self, *words):
        self.lines.append(" ".join(str(word) for word in words))

    def running(self):
        return [name for name, state in self.jobs.items() if state == "running"]

    def settle(self, name):
        """The future is done from now on: its callbacks have to have run."""
        if self.callbacks.get(name):
            self.emit("called", name, self.callbacks.pop(name))

    def advance(self):
        """Lets the workers take what they can."""
        while self.queue and len(self.running()) < self.workers:
            name = self.queue.pop(0)
            if self.jobs[name] == "cancelled":
                self.jobs[name] = "noticed"
                self.emit("noticed", name)
                continue
            self.jobs[name] = "running"
            self.emit("begun", name)
            if name in self.nests:
                inner = self.nests.pop(name)
                if not self.closed:
                    self.jobs[inner] = "pending"
                    self.queue.append(inner)

    def new_name(self):
        self.counter += 1
        return f"j{self.counter}"

    def submit(self):
        name = self.new_name()
        kind = self.rng.choice(["ok", "ok", "ok", "fail", "cancelled_error"])
        inner = self.new_name() if self.rng.random() < 0.15 and not self.closed else None
        self.emit("submit", name, kind, *([inner] if inner else []))
        if self.closed:
            return
        if inner:
            self.nests[name] = inner
        if kind != "ok":
            self.failing.add(name)
        self.jobs[name] = "pending"
        self.queue.append(name)
        self.advance()

    def cancel(self, name):
        self.emit("cancel", name)
        if self.jobs[name] == "pending":
            self.jobs[name] = "cancelled"
            self.settle(name)

    def open(self, name):
        self.emit("open", name)
        self.jobs[name] = "done"
        self.emit("settled", name)
        self.settle(name)
        self.advance()

    def some(self):
        names = [name for name in self.jobs]
        return self.rng.sample(names, self.rng.randint(1, min(5, len(names))))

    def look(self):
        what = self.rng.choice(["state", "result", "exception", "wait", "as_completed"])
        if what in ("state", "result", "exception"):
            self.emit(what, self.rng.choice(list(self.jobs)))
        elif what == "wait":
            self.emit("wait", self.rng.choice(["FIRST_COMPLETED", "FIRST_EXCEPTION",
                                               "ALL_COMPLETED"]), *self.some())
        else:
            self.emit("as_completed", *self.some())

    def callback(self):
        name = self.rng.choice(list(self.jobs))
        self.emit("callback", name)
        if self.jobs[name] in ("pending", "running"):
            self.callbacks[name] = self.callbacks.get(name, 0) + 1
        else:
            self.emit("called", name, 1)

    def background(self):
        """A thread waits; it is joined right after the step that ends its wait."""
        mode = self.rng.choice(["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"])
        names = self.some()
        self.emit("background", f"w{len(self.waits)}", mode, *names)
        self.waits[f"w{len(self.waits)}"] = (mode, names, len(self.settled_of(names)))
        self.join_ended()

    def settled_of(self, names):
        return [n for n in names if self.jobs[n] in ("done", "noticed")]

    def join_ended(self):
        for waiter, wait in list(self.waits.items()):
            if wait is None:
                continue
            mode, names, before = wait
            done = self.settled_of(names)
            failed = [n for n in done if n in self.failing and self.jobs[n] == "done"]
            if (len(done) == len(names) or (mode == "FIRST_COMPLETED" and done)
                    or (mode == "FIRST_EXCEPTION" and failed)):
                # Of several that settle in one step, how many the waiter sees is chance.
                chance = mode != "ALL_COMPLETED" and len(done) - before > 1
                self.emit("ended" if chance else "join", waiter)
                self.waits[waiter] = None
            else:
                self.waits[waiter] = (mode, names, len(done))

    def map(self):
        if self.closed or self.queue or len(self.running()) == self.workers:
            return
        count = self.rng.randint(0, 5)
        self.emit("map", count, self.rng.choice([-1, self.rng.randint(0, 5)]),
                  self.rng.randint(1, 3))

    def shutdown(self):
        cancel = self.rng.random() < 0.5
        self.emit("shutdown", "cancel" if cancel else "keep")
        if cancel:
            for name in self.queue:
                if self.jobs[name] in ("pending", "cancelled"):
                    self.jobs[name] = "noticed"
                    self.emit("noticed", name)
                    self.settle(name)
            self.queue.clear()
        self.closed = True
        self.join_ended()


def broken(rng):
    """A pool whose initializer throws."""
    model = Model(rng)
    model.emit("pool", model.workers, "broken")
    names = [model.new_name() for _ in range(rng.randint(1, 5))]
    for name in names:
        model.emit("submit", name, "ok")
    model.emit("open", "init")
    for name in names:
        model.emit("settled", name)
    for name in names:
        model.emit(rng.choice(["state", "result", "exception"]), name)
    model.emit("submit", "late", "ok")
    model.emit("end")
    return model.lines


def generate(seed):
    rng = random.Random(seed)
    if rng.random() < 0.05:
        return broken(rng)
    model = Model(rng)
    model.emit("pool", model.workers)
    for _ in range(rng.randint(5, 40)):
        step = rng.random()
        if step < 0.3 or not model.jobs:
            model.submit()
        elif step < 0.5 and model.running():
            model.open(rng.choice(model.running()))
        elif step < 0.6:
            model.cancel(rng.choice(list(model.jobs)))
        elif step < 0.68:
            model.callback()
        elif step < 0.74:
            model.background()
        elif step < 0.78:
            model.map()
        elif step < 0.8:
            model.shutdown()
        else:
            model.look()
        model.join_ended()
    while model.running():
        model.open(model.running()[0])
        model.join_ended()
    model.emit("end")
    return model.lines


if __name__ == "__main__":
    print("\n".join(generate(int(sys.argv[1]))))
