"""What a metrics endpoint answers, or one line that says why it does not.

A bearer token comes from the environment: LESSONLIB_TOKEN.
"""

from __future__ import annotations

from collections.abc import Mapping

from lessonlib.base import fetch
from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import Limits, Page, UnreachableError
from lessonlib.base.secrets import TOKEN, secret

#: A scrape of a busy vLLM takes some milliseconds and some hundred kB an engine.
LIMITS = Limits()
#: Servers that know OpenMetrics too send the classic text format when it is asked for.
_ACCEPT = "text/plain;version=0.0.4, application/json, */*;q=0.1"


def checked_url(url: str) -> str:
    """The URL without query, fragment and last slash. Raises LessonlibError if it is none."""
    found = fetch.address(url)
    if found is None:
        raise LessonlibError(
            f"{_without_user(url) or 'no address'}: expected the address of a vLLM or Prometheus server, such as http://localhost:8000 or http://[::1]:8000"
        )
    if fetch.has_user(url):
        raise LessonlibError(f"no user or password in the address: put a bearer token into {TOKEN}")
    return found


def _without_user(url: str) -> str:
    """What stands before the last @ may be a password."""
    return url.strip().rpartition("@")[2][:200]


def get(url: str, params: Mapping[str, str] | None = None) -> Page:
    """The answer of `url`. Raises UnreachableError if there is none, LessonlibError if it cannot be what we look for."""
    token = secret(TOKEN)
    page = fetch.get(
        url, params, {"Accept": _ACCEPT, **({"Authorization": f"Bearer {token}"} if token else {})}, LIMITS
    )
    if page.status in (401, 403):
        raise LessonlibError(
            f"{url}: status {page.status}, it wants a bearer token: put it into the environment as {TOKEN}"
        )
    if 300 <= page.status < 400:
        raise LessonlibError(f"{url}: it redirects (status {page.status}); give the address that it leads to")
    if page.status >= 500:
        raise UnreachableError(f"{url}: status {page.status}, the server is not ready; try again when it is")
    return page
