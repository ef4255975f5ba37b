"""The addresses of a class that only a service of a JupyterHub has: the login, and an instructor's own page."""

from __future__ import annotations

import hmac
import time
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lessonlib.base.fetch import UnreachableError
from lessonlib.classroom.app import ClassApp, ProblemError
from lessonlib.classroom.hub_login import INSTRUCTORS, LOGIN_S, HubLogin, HubUser
from lessonlib.draw.page import page, policy

#: a person has so long to log in
_WHILE_S = 600
_TRY_AGAIN = "The Hub cannot say who you are just now. Try again in a moment, or type the class's code."


def routes(app: ClassApp) -> list[BaseRoute]:
    """``GET login`` sends a browser to the Hub, ``GET oauth_callback`` is where it comes back, ``GET lead`` the instructor's page."""
    login = app.login
    if login is None:
        return []
    found = _Routes(app, login)
    return [
        Route("/login", app.answering(found.begin), methods=["GET"]),
        Route("/oauth_callback", app.answering(found.end), methods=["GET"]),
        Route("/lead", app.answering(found.lead), methods=["GET"]),
    ]


class _Routes:
    def __init__(self, app: ClassApp, login: HubLogin):
        self.app, self.login = app, login
        self.cookie = f"class-login-{app.live.row.code}"

    async def begin(self, _: Request) -> Response:
        where, state = self.login.begin()
        response = _to(where)
        self._set(response, self.cookie, state, _WHILE_S)
        return response

    async def end(self, request: Request) -> Response:
        """The state must be that of the browser's own cookie: else a page could log somebody in as another."""
        kept, given = request.cookies.get(self.cookie, ""), request.query_params.get("state", "")
        code = request.query_params.get("code", "")
        if not kept or not code or not hmac.compare_digest(kept.encode(), given.encode()):
            raise ProblemError(403, "This login was not begun in this browser, or it took too long. Begin again.")
        try:
            user = await self.login.end(code)
        except UnreachableError as error:
            self.app.tell_fault(error)
            raise ProblemError(503, _TRY_AGAIN, 1.0) from None
        if user is None:
            raise ProblemError(403, "The Hub does not let you into this class. Type its code instead.")
        response = await self._welcome(user)
        response.delete_cookie(self.cookie, path=self.app.prefix)
        return response

    async def _welcome(self, user: HubUser) -> Response:
        if user.leads:
            response = _to(f"{self.app.prefix}lead")
            self._set(response, self.app.lead_cookie, self.login.pass_for(time.time()), LOGIN_S)
            return response
        # The pages behind the code: they join with it, and find that this browser is a voter already.
        response = _to(self.app.prefix + self.app.live.row.code)
        await self.app.take_in(response, self.login.voter_token(user.name))
        return response

    def _set(self, response: Response, name: str, value: str, age_s: int) -> None:
        """Lax: a browser that comes from the login of another site must bring it along."""
        response.set_cookie(
            name, value, max_age=age_s, path=self.app.prefix, secure=self.app.secure, httponly=True, samesite="lax"
        )

    async def lead(self, request: Request) -> Response:
        """What an instructor needs to begin, as a page without a script."""
        if not self.app.brings_pass(request):
            return _to(f"{self.app.prefix}login")
        live = self.app.live
        title, screen = escape(str(live.lesson.raw["title"])), f"{self.app.prefix}screen#{live.row.code}"
        links = "".join(
            f'<li><a href="{escape(self.app.prefix + path)}" target="_blank" rel="noopener">{label}</a></li>'
            for path, label in (("report", "Report"), ("export.csv", "Votes as CSV"), ("export.json", "Votes as JSON"))
        )
        body = (
            f"<h1>{title}</h1><p>Class <strong>{escape(live.row.code)}</strong>. Phones open "
            f"<strong>{escape(live.join)}</strong>, or log in at the Hub and need no code.</p>"
            f'<p><a href="{escape(screen)}" target="_blank" rel="noopener">The screen for the wall</a></p>'
            "<p>Steer from the lesson's notebook in your own JupyterLab on this Hub: its first cell finds this class, "
            "and a bar stands below each question.</p>"
            f"<p>After the reveal of a question:</p><ul>{links}</ul>"
            f"<p><small>You see this page as a member of the group {INSTRUCTORS}.</small></p>"
        )
        headers = {
            "cache-control": "no-store",
            "content-security-policy": f"{policy()}; frame-ancestors 'none'",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        return Response(page(f"Class {live.row.code}", body).encode(), headers=headers, media_type="text/html")


def _to(where: str) -> Response:
    return RedirectResponse(where, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})
