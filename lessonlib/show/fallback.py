"""What a step looks like where no widget can live: print, GitHub, an untrusted copy, nbval.

Both forms are a pure function of the view and the seal, so they are the same on every run.
"""

from __future__ import annotations

from html import escape
from typing import Any

from lessonlib.lesson.words import plain

View = dict[str, Any]


def fallback(view: View, seal: str = "", outcomes: list[tuple[str, str]] | None = None) -> tuple[str, str]:
    """(text/plain, text/html) of a view. ``outcomes`` are (name, html) of mistakes walked through in CI."""
    body = _locked(view) if view["state"] == "locked" else _asked(view) + _revealed(view)
    for name, markup in outcomes or []:
        body += f"<details><summary>{escape(name)}</summary>{markup}</details>"
    mark = f'<p class="ll-seal"><small>seal {seal}</small></p>' if seal else ""
    html = f'<section class="ll-static" data-lesson-id="{escape(view["id"])}"><p><strong>{escape(view["title"])}</strong></p>{body}{mark}</section>'
    return _text(view, seal), html


def feedback_html(result: dict[str, Any]) -> str:
    """What a guess was told: headline, feedback, missed features."""
    missed = "".join(f"<li>{item}</li>" for item in result.get("missed", ()))
    return f"<p><strong>{escape(result['headline'])}</strong></p>{result['feedback']}" + (
        f"<ul>{missed}</ul>" if missed else ""
    )


def _text(view: View, seal: str) -> str:
    lines = [view["title"]]
    if view["state"] == "locked":
        lines.append(view["locked"])
    else:
        lines += (
            [view["text"]] if "text" in view else [plain(view[part]) for part in ("stem", "html") if view.get(part)]
        )
        lines += [f"  ( ) {plain(option['html'])}" for option in view.get("ask", {}).get("options", ())]
        if "result" in view:
            lines.append(view["result"]["summary"])
    return "\n".join([*lines, f"seal {seal}"] if seal else lines)


def _locked(view: View) -> str:
    return f"<p><em>{escape(view['locked'])}.</em></p>"


def _asked(view: View) -> str:
    ask = view.get("ask", {})
    body = view.get("stem", "") + view.get("html", "") + _picture(view)
    if "options" in ask:
        body += "<ul>" + "".join(f"<li>{option['html']}</li>" for option in ask["options"]) + "</ul>"
    elif "unit" in ask:
        body += f"<p>Your guess: ____ {escape(ask['unit'])}</p>"
    elif "parts" in ask:
        body += f"<p>{'____'.join(ask['parts'])}</p>"
    elif "x" in ask:
        body += f"<p>Draw {escape(ask['y_label'])} against {escape(ask['x_label'])}.</p>"
    return body


def _picture(view: View) -> str:
    if "picture" not in view:
        return ""
    from lessonlib.draw.picture import figure_html  # SVG of a few kB: on first use

    return figure_html(view["picture"])


def _revealed(view: View) -> str:
    result = view.get("result")
    if not result:
        return ""
    skipped = "<p><strong>Skipped</strong></p>" if view.get("skipped") else ""
    parts = [
        skipped,
        f"<p>{escape(result['summary'])}</p>",
        result.get("feedback", ""),
        result.get("reveal", ""),
        result.get("answer", ""),
    ]
    parts += [
        f"<ul>{''.join(f'<li>{item}</li>' for item in result[key])}</ul>"
        for key in ("missed", "checklist")
        if result.get(key)
    ]
    if view.get("observe"):
        parts += [f"<p>{view['observe']['ask']}</p>", view["observe"].get("note", "")]
    parts.append(view.get("explanation", ""))
    if view.get("working"):
        working = view["working"]
        parts.append(
            f"<details><summary>Show the working: {escape(working['value'])}</summary><pre>{escape(working['source'])}</pre></details>"
        )
    return "".join(parts)
