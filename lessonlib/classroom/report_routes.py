"""The report of a class from its own server: to the instructor alone, and of questions that are revealed alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lessonlib.classroom.app import ClassApp
from lessonlib.classroom.report.export import export_csv, export_json, report_html
from lessonlib.classroom.report.judged import Opener
from lessonlib.classroom.report.kept import rows_of
from lessonlib.classroom.report.page import POLICY
from lessonlib.classroom.report.rows import ClassRows

#: what makes a form of the report of the rows of some classes
Form = Callable[[Sequence[ClassRows], Opener], str]

#: address -> the form, its media type, and how the file is called behind the class's code
FORMS: dict[str, tuple[Form, str, str]] = {
    "/report": (report_html, "text/html", ".html"),
    "/export.csv": (export_csv, "text/csv", ".csv"),
    "/export.json": (export_json, "application/json", ".json"),
}


def routes(app: ClassApp) -> list[BaseRoute]:
    """The routes to be mounted in a class's app."""
    return [Route(path, _answering(app, *form), methods=["GET"]) for path, form in FORMS.items()]


def _answering(app: ClassApp, form: Form, media: str, suffix: str) -> Callable[[Request], object]:
    live = app.live

    async def answer(request: Request) -> Response:
        besides = await app.need_reader(request)
        rows = await live.read(lambda store: rows_of(store, live.row, revealed_alone=True))
        text = await live.in_lesson_thread(lambda: form([rows], lambda _name, _lab: live.lesson))
        kind = "inline" if media == "text/html" else "attachment"
        headers = {
            "cache-control": "no-store",
            "content-disposition": f'{kind}; filename="class-{live.row.code}{suffix}"',
            "content-security-policy": "; ".join((POLICY, "frame-ancestors 'none'", *besides)),
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        return Response(text.encode(), headers=headers, media_type=media)

    return app.answering(answer)
