"""How values and exceptions look in a trace: stable, and the same in Python and in C++."""

import asyncio


class Boom(Exception):
    """The exception with a message that scenarios raise."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def value(v):
    """Renders a result: None, True, 3, [1, 2], an exception, or a word."""
    if isinstance(v, list):
        return "[" + ", ".join(map(value, v)) + "]"
    if isinstance(v, BaseException):
        return error(v)
    if isinstance(v, float) and v.is_integer():
        return str(int(v))
    return str(v)


def error(exc):
    """Renders an exception: only messages that scenarios themselves chose are shown."""
    if isinstance(exc, Boom):
        return f"Boom({exc.number})"
    if isinstance(exc, asyncio.CancelledError):
        # gather() replaces a missing message by ''; both mean "no message".
        message = exc.args[0] if exc.args else ""
        return f"CancelledError('{message}')" if message else "CancelledError()"
    if isinstance(exc, BaseExceptionGroup):
        return f"ExceptionGroup('{exc.message}', {value(list(exc.exceptions))})"
    if isinstance(exc, asyncio.TimeoutError):
        return "TimeoutError()"
    return type(exc).__name__
