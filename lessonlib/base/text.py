"""Text from outside where it is shown: in a terminal, in JSON, as a link. What was typed stays as it was, but for signs that act."""

from __future__ import annotations

import re

#: Signs that act on whoever prints them: C0 and C1 controls with the ends of lines, marks that turn the direction of
#: writing, and half characters (lone surrogates).
_ACTING = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff"
_ACTS = re.compile(f"[{_ACTING}]")
_ACTS_IN_JSON = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]")
_WEB = re.compile(r"https?://[^\s\"'<>\\^`{|}\x00-\x20]+", re.IGNORECASE)


def acts(sign: str) -> bool:
    """Whether a character acts on a terminal or ends its line instead of being shown."""
    return bool(_ACTS.match(sign))


def printable(text: str) -> str:
    """`text` for a line of a terminal: a ? for every sign that would move its cursor, turn its writing round or end the line."""
    return text if text.isprintable() else _ACTS.sub("?", text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, which end in a line feed."""
    return "\n".join(map(printable, text.split("\n")))


def printable_json(text: str) -> str:
    """A JSON text with the escapes of JSON for signs that would act on a terminal. It says the same."""
    return _ACTS_IN_JSON.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def is_web_address(address: str) -> bool:
    """Whether `address` may stand behind a link: http or https, and nothing in it that an address cannot hold."""
    return bool(_WEB.fullmatch(address)) and printable(address) == address
