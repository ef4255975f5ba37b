"""A class as a service of a JupyterHub: who the Hub says somebody is, and what they are here.

Whoever is of the group INSTRUCTORS steers, by the token that the Hub gave their own JupyterLab. Anybody else whom the Hub lets in
here is a voter without typing a code, one voter on however many devices. The addresses are those of the Hub's documented API:
``oauth2/authorize`` and ``oauth2/token`` (OAuth 2, authorization code) and ``user`` (whom a token stands for, their groups, and
what the token may do). A name is used and forgotten: of a voter the store has a keyed hash, which nobody turns round without the key.

A Hub without subdomains is one origin: a page of any learner's server can ask for what it likes with the cookies of whoever looks
at it. So no cookie steers, and the report opens by cookie only as a page of its own, whose origin no other page shares.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import httpx

from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import Limits, UnreachableError, address, client
from lessonlib.base.formats import parse_json
from lessonlib.classroom.limits import Allowance

#: the group of the Hub whose members steer
INSTRUCTORS: Final = "instructors"
#: a login of an instructor holds so long, and the Hub's word on a token; both in seconds
LOGIN_S, TOKEN_S = 8 * 3600, 60.0
#: tokens of strangers that the Hub is asked about at once, and then a second
_ASKS = (20, 5.0)
_MOST_TOKENS = 1000
_LIMITS = Limits(seconds=10.0, connect_seconds=5.0, body_bytes=256_000)
_OK = 200


class HubUser(NamedTuple):
    """Whom the Hub knows. leads: whether they may steer."""

    name: str
    leads: bool


class BusyError(LessonlibError):
    """Too many tokens that nobody knows came at once."""


@dataclass(frozen=True)
class HubPlace:
    """Where the Hub is, and who we are to it. api: its address for programs, without the last slash. authorize: its page that asks
    a person to log in, and callback: ours to which it sends them back; both as a browser sees them, mostly without a host.
    """

    api: str
    token: str
    client: str
    service: str
    authorize: str
    callback: str

    @staticmethod
    def of(environ: Mapping[str, str], prefix: str) -> HubPlace | None:
        """As the Hub says to its services; None where no Hub has started us. Raises LessonlibError where it says half of it."""
        given = environ.get("JUPYTERHUB_API_URL", "")
        if not given or "JUPYTERHUB_SERVICE_PREFIX" not in environ or not is_service(environ):
            return None
        api, token = address(given), environ.get("JUPYTERHUB_API_TOKEN", "")
        if api is None:
            raise LessonlibError(f"JUPYTERHUB_API_URL: {given!r} is no address")
        if not token:
            raise LessonlibError(
                "JUPYTERHUB_API_TOKEN: a service of a JupyterHub needs the token that the Hub knows it by"
            )
        service = environ.get("JUPYTERHUB_SERVICE_NAME") or prefix.strip("/").rpartition("/")[2]
        host, base = environ.get("JUPYTERHUB_HOST", ""), environ.get("JUPYTERHUB_BASE_URL", "/")
        own = urlsplit(environ.get("JUPYTERHUB_PUBLIC_URL", ""))
        ours = f"{own.scheme}://{own.netloc}" if host and own.netloc else ""
        return HubPlace(
            api=api,
            token=token,
            client=environ.get("JUPYTERHUB_CLIENT_ID") or f"service-{service}",
            service=service,
            authorize=f"{host}/{'/'.join(part for part in (base.strip('/'), 'hub/api/oauth2/authorize') if part)}",
            callback=environ.get("JUPYTERHUB_OAUTH_CALLBACK_URL") or f"{ours}{prefix}oauth_callback",
        )


def is_service(environ: Mapping[str, str]) -> bool:
    """Whether what a Hub says in these variables is said to a service. A learner's own server has the same ones but for the
    service's name; both have JUPYTERHUB_USER where the Hub itself has started them.
    """
    return "JUPYTERHUB_USER" not in environ or "JUPYTERHUB_SERVICE_NAME" in environ


class HubLogin:
    """Logins of one class by the Hub at ``place``. ``secret``: the token that steers the class; several servers of it share one."""

    def __init__(self, place: HubPlace, secret: str):
        self.place = place
        self._key = hashlib.sha256(b"hub login:" + secret.encode()).digest()
        self._known: OrderedDict[str, tuple[bool, float]] = OrderedDict()
        self._strangers = Allowance(*_ASKS)

    # --- tokens ------------------------------------------------------------------------------------------------------

    async def leads(self, token: str) -> bool:
        """Whether that token is one of the Hub's for an instructor. Raises BusyError, UnreachableError."""
        token_hash = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        leads, until = self._known.get(token_hash, (False, 0.0))
        if time.monotonic() < until:
            return leads
        # Who led a minute ago is asked about again whatever strangers do meanwhile.
        if not leads and self._strangers.wait_s("stranger"):
            raise BusyError("Too many tokens just now. Try again in a few seconds.")
        user = await self.user(token)
        self._known[token_hash] = (user is not None and user.leads, time.monotonic() + TOKEN_S)
        self._known.move_to_end(token_hash)
        if len(self._known) > _MOST_TOKENS:
            self._known.popitem(last=False)
        return self._known[token_hash][0]

    async def user(self, token: str) -> HubUser | None:
        """Whom a token stands for; None if the Hub does not know it, or it opens other things than this class.

        Raises UnreachableError where the Hub cannot say.
        """
        if not token.isascii() or not token.isprintable():
            return None
        status, said = await self._ask("GET", "user", authorization=f"token {token}")
        if status != _OK:
            return None
        name, groups, scopes = said.get("name"), said.get("groups"), said.get("scopes")
        if said.get("kind") != "user" or not isinstance(name, str) or not isinstance(scopes, list):
            return None
        if not {"access:services", f"access:services!service={self.place.service}"} & {str(each) for each in scopes}:
            return None
        return HubUser(name, isinstance(groups, list) and INSTRUCTORS in groups)

    async def _ask(
        self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, Mapping[str, Any]]:
        url = f"{self.place.api}/{path}"
        try:
            async with asyncio.timeout(_LIMITS.seconds), client(url, _LIMITS) as http:
                answer = await http.request(method, url, data=form, headers=headers)
            said = parse_json(answer.content.decode(), "the Hub") if answer.status_code == _OK else {}
        except (httpx.HTTPError, OSError, ValueError, LessonlibError) as error:
            raise UnreachableError(f"the Hub does not answer as one: {type(error).__name__}") from None
        if answer.status_code >= 500:
            raise UnreachableError(f"the Hub answers {answer.status_code}")
        return answer.status_code, said if isinstance(said, dict) else {}

    # --- a person in a browser ---------------------------------------------------------------------------------------

    def begin(self) -> tuple[str, str]:
        """(where to send the browser, what its cookie keeps until it is back)."""
        state = secrets.token_urlsafe(16)
        query = {
            "client_id": self.place.client,
            "redirect_uri": self.place.callback,
            "response_type": "code",
            "state": state,
        }
        return f"{self.place.authorize}?{urlencode(query, quote_via=quote)}", state

    async def end(self, code: str) -> HubUser | None:
        """Who came back with that code of the Hub's; None if it is none."""
        form = {
            "client_id": self.place.client,
            "client_secret": self.place.token,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.place.callback,
        }
        status, said = await self._ask("POST", "oauth2/token", form)
        token = said.get("access_token")
        return await self.user(token) if status == _OK and isinstance(token, str) else None

    # --- what is handed out ---------------------------------------------------------------------------------------------

    def voter_token(self, name: str) -> str:
        """The voter's token of a person: the same at each login, and no way back to the name."""
        return self._signed(json.dumps(["voter", name]))

    def pass_for(self, now: float) -> str:
        """What an instructor's cookie holds: until when, and that we said so. Servers that share the secret take it alike."""
        until = str(int(now + LOGIN_S))
        return f"{until}.{self._signed(json.dumps(['leads', until]))}"

    def holds(self, given: str, now: float) -> bool:
        """Whether a cookie is one of those, and not too old."""
        until, _, signed = given.partition(".")
        good = hmac.compare_digest(signed.encode(), self._signed(json.dumps(["leads", until])).encode())
        return good and until.isascii() and until.isdigit() and now < int(until)

    def _signed(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
