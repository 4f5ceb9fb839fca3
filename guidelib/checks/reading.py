"""Call a reader's function; if it stops, find the line of the reader's code that did."""

import linecache
import traceback
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Stopped:
    """An exception out of a reader's function, told in two lines; or an ``...`` that still stands."""

    where: str
    unanswered: bool


def call(function: Callable, arguments: tuple):
    """The function's result, or `Stopped`."""
    try:
        result = function(*arguments)
    except Exception as error:  # whatever a reader's code may raise
        unanswered = "ellipsis" in str(error) or isinstance(error, NotImplementedError)
        return Stopped(_where(error, function), unanswered)
    parts = result if isinstance(result, tuple) else (result,)
    if any(part is ... for part in parts):
        return Stopped("", True)
    if result is None:
        return Stopped("your function returns nothing: end it with `return ...`.", False)
    return result


def _where(error: Exception, function: Callable) -> str:
    """'your code stops in line 3: `x = y`, TypeError: ...', the last line that is the reader's own."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is ours
    theirs = [frame for frame in frames if code and frame.filename == code.co_filename]
    message = f"{type(error).__name__}: {error}"
    if not theirs:
        return f"your function cannot be called: {message}."
    line = (theirs[-1].line or linecache.getline(theirs[-1].filename, theirs[-1].lineno)).strip()
    shown = f": `{line}`" if line else ""
    return f"your code stops in line {theirs[-1].lineno}{shown}\n  {message}."
