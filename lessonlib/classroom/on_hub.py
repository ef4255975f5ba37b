"""A notebook on a JupyterHub, and the class that is a service of this Hub: where it is, and whether this account leads it.

LESSONLIB_CLASS_URL is the address of the class server as the learners' own servers reach it; LESSONLIB_CLASS_LEAD is "yes" on
those of instructors. That asks, and grants nothing: the class server asks the Hub who the notebook's token stands for.
"""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

from lessonlib.base.errors import LessonlibError
from lessonlib.classroom.class_file import ClassFile, code_of

#: what the server said holds so long; a notebook waits for it so long; seconds
_HOLDS_S, _WAITS_S = 30.0, 3.0
_OK = 200


class _Asked:
    """What was heard last, by this kernel."""

    found: ClassFile | None = None
    until = 0.0


def class_url() -> str:
    """The address of the Hub's class server, ending in "/"; "" where there is none."""
    given = os.environ.get("LESSONLIB_CLASS_URL", "").strip().rstrip("/")
    try:
        parts = urlsplit(given)
    except ValueError:
        return ""
    return f"{given}/" if parts.scheme in ("http", "https") and parts.netloc else ""


def leads_on_hub() -> bool:
    """Whether this account may lead a class of the Hub, as far as a notebook can tell."""
    return (
        os.environ.get("LESSONLIB_CLASS_LEAD") == "yes"
        and bool(os.environ.get("JUPYTERHUB_API_TOKEN"))
        and bool(class_url())
    )


def led_on_hub() -> ClassFile | None:
    """The class of the Hub as a class file, if this account leads it; the last one known while its server is away."""
    if not leads_on_hub():
        return None
    if time.monotonic() >= _Asked.until:
        _Asked.found = _ask() or _Asked.found
        _Asked.until = time.monotonic() + _HOLDS_S
    return _Asked.found


def _ask() -> ClassFile | None:
    from lessonlib.base.fetch import Limits, get
    from lessonlib.base.formats import parse_json
    from lessonlib.classroom.heard import heard

    url, token = class_url(), os.environ["JUPYTERHUB_API_TOKEN"]
    limits = Limits(seconds=_WAITS_S, connect_seconds=_WAITS_S, body_bytes=2_000_000)
    try:
        page = get(f"{url}host", limits=limits, headers={"Authorization": f"Bearer {token}"})
        state = heard(parse_json(page.text, "the class server")) if page.status == _OK else None
    except LessonlibError:
        return None
    if state is None or code_of(state["code"]) is None:
        return None
    return {
        "url": url,
        "code": state["code"],
        "token": token,
        "lesson": state["lesson"],
        "lab": state["lab"],
        "pid": os.getpid(),  # as long as this kernel runs, the class may be there
    }
