"""The pieces random scenarios are made of: feature -> statements, each with a weight.

A piece is a function (generator, rank, depth) -> lines, or None when it cannot be had here. "plain"
pieces never suspend and are used in callbacks too; "body" pieces are for coroutines only.
"""

OBJECTS = [
    "lock l0", "lock l1", "event e0", "condition d0", "counter n0 0", "semaphore s0 1",
    "semaphore s1 2", "bounded_semaphore z0 1", "barrier b0 2", "barrier b1 3", "queue q0 0",
    "queue q1 1", "priority_queue q2 2", "lifo_queue q3 0", "var v0 0", "var v1 7",
]
LOCKS = ["l0", "l1", "d0", "s0", "s1", "z0"]
QUEUES = ["q0", "q1", "q2", "q3"]
BARRIERS = ["b0", "b1"]
VARS = ["v0", "v1"]
AGENS = ["a0", "a1"]
CATCH = ["CancelledError", "CancelledError", "Exception", "TimeoutError", "Boom", "BaseException",
         "ExceptionGroup"]

FEATURES = {}


def piece(feature, kind, weight=2):
    """Registers a piece."""
    def register(function):
        FEATURES.setdefault(feature, {}).setdefault(kind, []).append((function, weight))
        return function
    return register


def indent(lines):
    return ["  " + line for line in lines]


def maybe(g, line):
    """With a `?` in front, mostly: an error would end the body."""
    return ["? " + line if g.chance(0.7) else line]


# Core.

@piece("core", "body", 5)
def sleep(g, rank, depth):
    return [f"sleep {g.pick([-1, 0, 0, 0, 1, 1, 1, 2, 3])}"]


@piece("core", "body", 4)
def spawn(g, rank, depth):
    coro = g.coro(rank)
    option = " eager" if "eager" in g.features and g.chance(0.3) else ""
    return coro and [f"spawn t{coro[1:]} {coro}{option}"]


@piece("core", "body", 4)
def await_(g, rank, depth):
    name = g.awaitable(rank)
    return name and maybe(g, f"await {name}")


@piece("core", "body", 3)
def call(g, rank, depth):
    coro = g.coro(rank)
    return coro and maybe(g, f"call {coro}")


@piece("core", "plain", 4)
def cancel(g, rank, depth):
    message = f" m{g.number(2)}" if g.chance(0.3) else ""
    line = f"cancel {g.target()}{message}"
    return [line, line] if g.chance(0.15) else [line]


def disturb(g):
    """A cancel from outside, often together with what would have let the task go on."""
    message = f" m{g.number(2)}" if g.chance(0.4) else ""
    lines = [f"cancel t{g.number(g.coros - 1)}{message}"]
    if g.chance(0.6):
        lines += g.focused()
        g.random.shuffle(lines)
    return lines


@piece("core", "plain", 1)
def state(g, rank, depth):
    return [g.pick([f"state {g.target()}", "all_tasks", "cancelling self", f"log l{g.number(9)}"])]


@piece("core", "body", 4)
def try_(g, rank, depth):
    lines = ["try", *indent(g.block(rank, depth + 1))]
    final = g.chance(0.3)
    if not final or g.chance(0.5):
        lines.append(f"except {g.pick(CATCH)}")
        lines += indent(g.block(rank, depth + 1, 0, 2))
        if g.chance(0.4):
            lines.append("  reraise")
    if final:
        lines += ["finally", *indent(g.block(rank, depth + 1, 1, 2))]
    return [*lines, "end"]


@piece("core", "body", 1)
def repeat(g, rank, depth):
    return ["repeat 2", *indent(g.loop(rank, depth + 1, 1, 3, 2)), "end"]


@piece("core", "body", 1)
def await_self(g, rank, depth):
    return ["? await self"] if g.chance(0.2) else None


@piece("errors", "plain", 1)
def raise_(g, rank, depth):
    return [f"raise {g.error()}"] if g.chance(0.5) else [f"? raise {g.error()}"]


@piece("errors", "plain", 1)
def raise_cancelled(g, rank, depth):
    return ["raise CancelledError own"] if rank < 99 and g.chance(0.2) else None


@piece("uncancel", "plain", 3)
def uncancel(g, rank, depth):
    return [f"uncancel {g.pick(['self', 'self', g.target()])}"]


@piece("uncancel", "body", 3)
def swallow(g, rank, depth):
    lines = ["try", *indent(g.block(rank, depth + 1)), "except CancelledError", "  cancelling self"]
    if g.chance(0.6):
        lines.append("  uncancel self")
    return [*lines, *indent(g.block(rank, depth + 1, 0, 2)), "end"]


@piece("uncancel", "body", 2)
def cancel_self(g, rank, depth):
    return ["cancel self", *g.pick([["uncancel self"], [], ["cancel self x"]])]


# Futures and callbacks.

def releases(g):
    """Callbacks that finish the futures, and the lines of main that schedule them."""
    bodies, lines = [("callback bad", ["raise Boom 0"])], []
    for index, name in enumerate(g.futures):
        if g.chance(0.7):
            what = f"set_result {name} {g.number(9)}"
            if g.chance(0.3):
                what = f"set_exception {name} {g.error()}"
            bodies.append((f"callback u{index}", [f"? {what}"]))
            lines.append(f"call_later u{index} {g.number(4)} u{index}")
    return bodies, lines


@piece("futures", "plain", 4)
def resolve(g, rank, depth):
    name = g.pick(g.futures)
    return [g.pick([f"? set_result {name} {g.number(9)}", f"? set_exception {name} {g.error()}",
                    f"? set_result {name} none"])]


@piece("futures", "plain", 1)
def renew(g, rank, depth):
    return [f"future {g.pick(g.futures)}"]


@piece("futures", "plain", 1)
def remove_callback(g, rank, depth):
    return [f"remove_cb {g.target()} k{g.number(g.callbacks - 1)}"]


@piece("futures", "body", 3)
def done_callback(g, rank, depth):
    word = g.pick(["add_cb", "add_cb", "add_cb", "remove_cb"])
    return [f"{word} {g.target()} k{g.number(g.callbacks - 1)}"]


def _callback_line(g, delays):
    name = f"h{g.number(2)}"
    callback = f"k{g.number(g.callbacks - 1)}"
    return g.pick([f"call_soon {name} {callback}"] + [
        f"{word} {name} {g.pick(delays)} {callback}" for word in ("call_later", "call_at")])


@piece("callbacks", "body", 4)
def schedule(g, rank, depth):
    return [_callback_line(g, [-1, 0, 1, 1, 2, 3])]


@piece("callbacks", "plain", 2)
def handle(g, rank, depth):
    return [f"{g.pick(['hcancel', 'hcancelled'])} h{g.number(2)}"]


@piece("handler", "body", 2)
def handled(g, rank, depth):
    """A callback that fails, in the context of this place."""
    return [f"ctx_set v0 {g.number(9)} w0", "call_soon h0 bad"]


@piece("handler", "plain", 1)
def handler(g, rank, depth):
    return [g.pick([f"set_handler h{g.number(3)}", f"set_handler h {g.pick(VARS)}",
                    "call_handler hello"])]


# Combinators.

def _named(g, prefix, rank, members, line):
    """A statement that binds a new future over members, and perhaps uses it at once."""
    name = g.fresh(prefix)
    lines = [line.format(name)]
    g.awaitables[name] = g.rank_of(members)
    if g.chance(0.6):
        lines += maybe(g, f"await {name}")
    return lines


@piece("gather", "body", 4)
def gather(g, rank, depth):
    word = g.pick(["gather", "gather", "gather_rex"])
    if g.gathers and g.chance(0.3):
        inner = [n for n in g.gathers if g.awaitables[n] > rank]
        if inner:
            return gather_nested(g, rank, word, g.pick(inner))
    members = g.members(rank, 0, 3, flat=True)
    lines = _named(g, "g", rank, members, f"{word} {{}} {' '.join(members)}".rstrip())
    g.gathers.append(lines[0].split()[1])
    return lines


def gather_nested(g, rank, word, inner):
    members = [inner, *g.members(rank, 1, 1, flat=True)][:2]
    g.random.shuffle(members)
    return _named(g, "n", rank, members, f"{word} {{}} {' '.join(members)}")


@piece("gather", "plain", 1)
def cancel_gather(g, rank, depth):
    return [f"cancel {g.pick(g.gathers)}"] if g.gathers else None


@piece("wait", "body", 3)
def wait(g, rank, depth):
    members = g.members(rank, 1, 3, flat=True, coros=False)
    timeout = g.pick(["none", 0, 1, 2, 2])
    return [f"wait {g.pick(['all', 'first', 'exc'])} {timeout} {' '.join(members)}"]


@piece("wait_for", "body", 4)
def wait_for(g, rank, depth):
    members = g.members(rank, 1, 1)
    timeout = g.pick(["none", -1, 0, 1, 1, 1, 2, 2, 3])
    return members and maybe(g, f"wait_for {timeout} {members[0]}")


@piece("wait_for", "body", 1)
def race(g, rank, depth):
    """A result set in the turn of the deadline."""
    name, delay = g.pick(g.futures), g.number(2) + 1
    timer = f"call_later h0 {delay} k{g.number(g.callbacks - 1)}"
    lines = [timer, *maybe(g, f"wait_for {delay} {name}")]
    return lines if g.chance(0.5) else lines[1:]


@piece("shield", "body", 3)
def shield(g, rank, depth):
    members = g.members(rank, 1, 1, flat=True)
    if not members:
        return None
    return _named(g, "s", rank, members, f"shield {{}} {members[0]}")


@piece("as_completed", "body", 2)
def as_completed(g, rank, depth):
    members = g.members(rank, 1, 3, flat=True)
    if not members:
        return None
    name = g.fresh("x")
    g.awaitables[name] = g.rank_of(members)
    body = maybe(g, f"await {name}") + g.loop(rank, depth + 1, 0, 1, 3)
    head = f"as_completed {name} {g.pick(['none', 0, 1, 2])} {' '.join(members)}"
    return [head, *indent(body), "end"]


# Timeouts and groups.

@piece("timeout", "body", 4)
def timeout(g, rank, depth):
    name = g.fresh("o")
    word, delay = g.pick(["timeout", "timeout", "timeout_at"]), g.pick(["none", -1, 0, 1, 1, 2, 3])
    g.timeouts.append(name)
    lines = [f"{word} {name} {delay}", *indent(g.block(rank, depth + 1))]
    if g.chance(0.3):
        lines += indent([f"expired {name}", *g.block(rank, depth + 1, 0, 1)])
    return [*lines, "end"]


@piece("timeout", "plain", 2)
def reschedule(g, rank, depth):
    if not g.timeouts:
        return None
    name = g.pick(g.timeouts)
    delay = g.pick(["none", -1, 0, 1, 2])
    return [g.pick([f"? reschedule {name} {delay}", f"? reschedule {name} {delay}",
                    f"when {name}", f"expired {name}"])]


def _gspawn(g, group, rank):
    coro = g.coro(rank)
    option = " eager" if "eager" in g.features and g.chance(0.3) else ""
    return maybe(g, f"gspawn {group} t{coro[1:]} {coro}{option}") if coro else []


@piece("group", "body", 5)
def group(g, rank, depth):
    name = g.fresh("y")
    g.owners[name] = rank
    lines = []
    for _ in range(g.number(2) + 1):
        lines += _gspawn(g, name, rank)
    lines += g.block(rank, depth + 1, 0, 2)
    if g.chance(0.15):
        lines.append(f"raise {g.error()}")
    return [f"group {name}", *indent(lines), "end"]


@piece("group", "body", 2)
def gspawn_other(g, rank, depth):
    if not g.owners:
        return None
    name = g.pick(list(g.owners))
    return _gspawn(g, name, max(rank, g.owners[name]))


@piece("group", "body", 3)
def group_failing(g, rank, depth):
    """A child fails, perhaps while somebody cancels the parent."""
    name = g.fresh("y")
    g.owners[name] = rank
    lines = _gspawn(g, name, rank) + _gspawn(g, name, rank)
    lines += g.pick([["sleep 1"], ["sleep 0"], []])
    more = g.pick([["cancel self"], [f"cancel t{g.number(g.coros - 1)}"],
                   [f"raise {g.error()}"], []])
    lines = [f"group {name}", *indent(lines + more), "end"]
    if g.chance(0.5):
        lines = ["try", *indent(lines), f"except {g.pick(['ExceptionGroup', 'BaseException'])}",
                 "  cancelling self", "  sleep 0", "end"]
    return lines


@piece("group", "body", 1)
def cancel_parent(g, rank, depth):
    return [f"cancel t{g.number(g.coros - 1)}", "sleep 0"]


# Synchronisation.

@piece("locks", "body", 4)
def with_(g, rank, depth):
    name = g.pick(g.locks)
    return [f"with {name}", *indent(g.block(rank, depth + 1, 1, 2)), "end"]


@piece("locks", "body", 4)
def hold(g, rank, depth):
    return [f"with {g.pick(g.locks)}", f"  sleep {g.pick([0, 0, 1])}", "end"]


@piece("locks", "body", 1)
def acquire(g, rank, depth):
    return [f"acquire {g.pick(g.locks)}"]


@piece("locks", "plain", 2)
def release(g, rank, depth):
    return [g.pick([f"? release {g.pick(g.locks)}", f"locked {g.pick(g.locks)}"])]


@piece("event", "body", 2)
def event_wait(g, rank, depth):
    return ["event_wait e0"]


@piece("event", "plain", 3)
def event_set(g, rank, depth):
    return g.pick([["set e0"], ["set e0"], ["set e0", "clear e0"], ["clear e0"], ["is_set e0"]])


@piece("condition", "body", 4)
def cond_wait(g, rank, depth):
    wait = g.pick(["cond_wait d0", "cond_wait d0", f"cond_wait_for d0 n0 {g.number(2) + 1}"])
    if g.chance(0.3):
        wait = "? " + wait
    return ["with d0", "  " + wait, *indent(g.block(rank, depth + 1, 0, 1)), "end"]


@piece("condition", "body", 4)
def cond_notify(g, rank, depth):
    return ["with d0", "  " + g.pick(["inc n0", "log x"]),
            "  " + g.pick(["notify d0 1", "notify d0 2", "notify_all d0"]),
            *indent(g.block(rank, depth + 1, 0, 1)), "end"]


@piece("condition", "plain", 1)
def notify_wrong(g, rank, depth):
    return ["? notify d0 1"]


@piece("barrier", "body", 4)
def barrier(g, rank, depth):
    name = g.pick(BARRIERS)
    wait = g.pick([f"? barrier_wait {name}", f"barrier_wait {name}"])
    return [g.pick([wait, wait, wait, f"barrier_reset {name}", f"barrier_abort {name}"])]


@piece("barrier", "plain", 1)
def barrier_info(g, rank, depth):
    return [f"barrier_info {g.pick(BARRIERS)}"]


@piece("queue", "body", 5)
def queue(g, rank, depth):
    word, name = g.pick(g.queue_words), g.pick(g.queues)
    return maybe(g, f"put {name} {g.number(9)}" if word == "put" else f"{word} {name}")


@piece("queue", "plain", 3)
def queue_nowait(g, rank, depth):
    name = g.pick(g.queues)
    return ["? " + g.pick([f"put_nowait {name} {g.number(9)}", f"get_nowait {name}",
                           f"task_done {name}", f"qinfo {name}"])]


@piece("shutdown", "plain", 1)
def shutdown(g, rank, depth):
    return [f"shutdown {g.pick(g.queues)}{g.pick(['', ' immediate'])}"]


# Context variables and asynchronous generators.

@piece("context", "plain", 4)
def context(g, rank, depth):
    name = g.pick(VARS)
    return [g.pick([f"ctx_set {name} {g.number(9)} w{g.number(2)}", f"ctx_get {name}",
                    f"ctx_get {name}", f"? ctx_reset {name} w{g.number(2)}"])]


@piece("agen", "body", 4)
def agen(g, rank, depth):
    name = g.fresh("i")
    lines = [f"gen {name} {g.pick(AGENS)}"]
    for _ in range(g.number(2) + 1):
        lines += maybe(g, g.pick([f"anext {name}", f"anext {name}", f"asend {name} {g.number(9)}",
                                  f"athrow {name} {g.error()}", f"aclose {name}"]))
    if g.chance(0.4):
        lines += [f"for_gen {name}", *indent(g.loop(rank, depth + 1, 0, 1, 3)), "end"]
    if g.chance(0.4):
        lines.append(f"drop {name}")
    return lines


def agen_bodies(g):
    """The bodies of the asynchronous generators; `yield` stands at the top or in a try there."""
    return [(f"agen {name}", _agen_body(g)) for name in AGENS]


def _agen_body(g):
    lines = [f"yield {g.number(9)}"] if g.chance(0.5) else ["sleep 1"]
    if g.chance(0.7):
        lines += ["try", *indent(_yields(g))]
        if g.chance(0.4):
            lines += [f"except {g.pick(['Boom', 'CancelledError', 'Exception'])}", "  sleep 0"]
        else:
            lines += ["finally", "  " + g.pick(["log bye", "sleep 0", "sleep 1", "ctx_get v0"])]
        lines.append("end")
    return lines + _yields(g)


def _yields(g):
    extra = ["sleep 0", "sleep 1", "event_wait e0", f"raise {g.error()}", "ctx_set v0 5 w0"]
    return [g.pick([f"yield {g.number(9)}"] * 4 + extra) for _ in range(g.number(2) + 1)]
