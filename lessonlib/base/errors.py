"""The one error that a person sees: a single line that says what was wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from lessonlib.base.text import acts

_MOST_CHARACTERS = 2000
#: what is longer resembles no name, and comparing it would take long
_MOST_OF_A_NAME = 200


class LessonlibError(ValueError):
    """Wrong input. The message is one line: what was wrong, where, and what is allowed.

    It may quote what was typed or read, so it is made one line here, whatever is in it: signs that are no print (line
    ends, control characters, marks that turn the direction of writing, half characters) as their escapes, and the middle
    of a very long one left out.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


def one_line(text: str) -> str:
    """The text as one line that moves no cursor, its middle left out where it is very long."""
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[: _MOST_CHARACTERS * 3 // 4]} … {text[-_MOST_CHARACTERS // 5 :]}"
    if text.isprintable():
        return text
    return "".join(ascii(sign)[1:-1] if acts(sign) else sign for sign in text)


def shown(value: object, most: int = 120) -> str:
    """`repr` of a value from outside for a message, the middle of a long one left out."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, a list within a list within a list
        return "what is too large to print"
    return text if len(text) <= most else f"{text[: most * 2 // 3]} … {text[-most // 4 :]}"


def listed(names: Iterable[str]) -> str:
    """Join names for a message: "a", "a or b", "a, b or c"."""
    items = list(names)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} or {items[-1]}"


def close_matches(name: str, known: Sequence[str], limit: int = 3) -> list[str]:
    """Known names that look like `name`, best first: near spellings, then names that contain it."""
    lowered = {item.lower(): item for item in known}
    wanted = str(name)[:_MOST_OF_A_NAME].strip().lower()
    near = get_close_matches(wanted, lowered, n=limit, cutoff=0.55)
    squeezed = "".join(filter(str.isalnum, wanted))
    if len(squeezed) >= 2:
        near += [key for key in lowered if squeezed in "".join(filter(str.isalnum, key))]
    return [lowered[key] for key in dict.fromkeys(near)][:limit]


def unknown_name(kind: str, name: object, known: Iterable[str], how_to_list: str) -> LessonlibError:
    """The error for a name that is not known, with close matches and the way to list all names."""
    near = close_matches(str(name), list(known))
    hint = f"did you mean {listed(near)}? " if near else ""
    hint = f"{hint}({how_to_list} lists all)" if near else f"{how_to_list} lists all that are known"
    return LessonlibError(f"unknown {kind} {shown(str(name))}: {hint}")
