"""What a step looks like where no widget can live: print, GitHub, an untrusted copy, nbval.

Both forms are a pure function of the view and the seal, so they are the same on every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lessonlib.base.text import printable_lines
from lessonlib.draw.monitor import written
from lessonlib.lesson.kinds import KINDS
from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.views import View
from lessonlib.lesson.words import plain

#: rows of a monitor's table: a look at it is enough on paper
_MOST_ROWS = 12


def fallback(
    shown: View | Mapping[str, Any], seal: str = "", outcomes: Sequence[tuple[str, str]] = ()
) -> tuple[str, str]:
    """(text/plain, text/html) of a view. ``outcomes`` are (name, html) of mistakes walked through in CI."""
    view: Mapping[str, Any] = {**shown}
    body = _locked(view) if view["state"] == "locked" else _asked(view) + _revealed(view)
    for name, markup in outcomes:
        body += f"<details><summary>{escape(name)}</summary>{markup}</details>"
    mark = f'<p class="ll-seal"><small>seal {seal}</small></p>' if seal else ""
    html = f'<section class="ll-static mathjax_ignore tex2jax_ignore" data-lesson-id="{escape(view["id"])}"><p><strong>{escape(view["title"])}</strong></p>{body}{mark}</section>'
    return _text(view, seal), html


def feedback_html(result: dict[str, Any]) -> str:
    """What a guess was told: headline, feedback, missed features."""
    missed = "".join(f"<li>{item}</li>" for item in result.get("missed", ()))
    return f"<p><strong>{escape(result['headline'])}</strong></p>{result['feedback']}" + (
        f"<ul>{missed}</ul>" if missed else ""
    )


def _text(view: Mapping[str, Any], seal: str) -> str:
    lines = [view["title"]]
    if view["state"] == "locked":
        lines.append(view["locked"])
    else:
        lines += (
            [view["text"]] if "text" in view else [plain(view[part]) for part in ("stem", "html") if view.get(part)]
        )
        explored = view.get("explorer", {}).get("explored")
        lines += [explored["finding"]] if explored else []
        lines += [run["finding"] for key in ("timeline", "fleet") for run in view.get(key, ())]
        lines += [view["monitor"]["finding"]] if "monitor" in view else []
        lines += [f"  ( ) {plain(option['html'])}" for option in view.get("ask", {}).get("options", ())]
        if "result" in view:
            lines.append(view["result"]["summary"])
    return printable_lines("\n".join([*lines, f"seal {seal}"] if seal else lines))


def _locked(view: Mapping[str, Any]) -> str:
    return f"<p><em>{escape(view['locked'])}.</em></p>"


def _asked(view: Mapping[str, Any]) -> str:
    return view.get("stem", "") + view.get("html", "") + _picture(view) + _explorer(view) + _tables(view) + _form(view)


def _tables(view: Mapping[str, Any]) -> str:
    """What a script of the page would draw, as tables: a function of one's own, the learner's roof, a run or its monitor, the end of a lesson."""
    parts = []
    if "write" in view:
        rows = [
            [case["title"], case["yours"], case["engine"], case["factor"] or case["note"]]
            for case in view["write"]["cases"]
        ]
        parts.append(f"<p>{escape(view['write']['headline'])}. {escape(view['write']['summary'])}</p>")
        parts.append(_table(("config.json", "yours", "the engine's", "yours is"), rows))
    if "roof" in view:
        rows = [
            [dot["label"], (dot["mine"] or {}).get("shown", "–"), dot["text"], dot["off"]]
            for dot in view["roof"]["dots"]
        ]
        parts.append(_table(("dot", "placed", "true", "it was"), rows))
    if (
        view.get("problem") and "ask" not in view
    ):  # of a block: what it cannot show; of a question it is about what was typed
        parts.append(f"<p><em>{escape(view['problem'])}</em></p>")
    parts += [_run(run) for run in view.get("timeline", ())]
    parts += [_fleet(run) for run in view.get("fleet", ())]
    if "monitor" in view:
        parts.append(_monitor(view["monitor"]))
    if "closing" in view:
        closing = view["closing"]
        parts.append(closing["score"] + closing["sources"] or f"<p><em>{escape(closing['locked'])}.</em></p>")
    return "".join(parts)


def _run(run: Mapping[str, Any]) -> str:
    """A simulated run: its finding, what its requests waited, and each request that has a lane."""
    return f"{_waits(run)}{_table(run['columns'], run['rows'])}"


def _waits(run: Mapping[str, Any]) -> str:
    """The finding of a simulated run, and what its requests waited."""
    waits = run["waits"]
    named = f"<p><strong>{escape(run['label'])}</strong></p>" if run["label"] else ""
    told = _table((f"wait of all {waits['requests']} requests for", *waits["head"]), waits["rows"])
    speed = f"<p>{escape(waits['speed'])} of answers. {escape(run['note'])}</p>"
    return f"{named}<p>{escape(run['finding'])}</p>{told}{speed}"


def _fleet(run: Mapping[str, Any]) -> str:
    """A simulated fleet: its finding, what its requests waited, what each replica did, and a few of its windows."""
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in run["facts"])
    windows = _table(run["windows"]["head"], run["windows"]["rows"])
    return f"{_waits(run)}<ul>{facts}</ul>{_table(run['columns'], run['rows'])}{windows}"


def _monitor(shown: Mapping[str, Any]) -> str:
    """A monitor on paper: its finding, the charts as a table of a few of its times, the alerts and the log."""
    columns = []
    for chart in shown["charts"]:
        columns.append((chart["title"], chart["values"], chart["unit"]))
        if "compare" in chart:
            columns.append((f"{chart['title']}, {shown['compare']}", chart["compare"], chart["unit"]))
    last = len(shown["clocks"]) - 1
    stride = last // _MOST_ROWS + 1
    kept = [place for place in range(last + 1) if (last - place) % stride == 0]
    rows = [[shown["clocks"][place], *(written(values[place], unit) for _, values, unit in columns)] for place in kept]
    alerts = "".join(f"<li>{escape(line)}</li>" for line in shown["alerts"])
    log = "\n".join(f"{line['clock']} {line['text']}" for line in shown["log"])
    parts = [
        f"<p>{escape(shown['finding'])}</p>",
        f"<ul>{alerts}</ul>" if alerts else "",
        "".join(f"<p>{escape(mark['clock'])}: {escape(mark['label'])}</p>" for mark in shown["marks"]),
        f"<p>One scrape in {stride} is shown; what is said above is of all {last + 1}.</p>" if stride > 1 else "",
        _table(("time", *(title for title, _, _ in columns)), rows),
        f"<pre>{escape(log)}</pre>" if log else "",
    ]
    return "".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


def _form(view: Mapping[str, Any]) -> str:
    """What stands in place of the form: as the kind of question has it, or the cards to pick from."""
    ask = view.get("ask")
    kind = KINDS.get(view["kind"], Choice)
    return kind.on_paper(ask) if ask else ""


def _picture(view: Mapping[str, Any]) -> str:
    if "picture" not in view:
        return ""
    from lessonlib.draw.picture import figure_html  # SVG of a few kB: on first use

    return figure_html(view["picture"])


def _explorer(view: Mapping[str, Any]) -> str:
    """What an explorer shows where no knob can be turned: where they stand, what that shows, and its numbers."""
    shown = view.get("explorer")
    if not shown:
        return ""
    first = shown.get("guess")
    options = "".join(f"<li>{option['html']}</li>" for option in first["options"]) if first else ""
    asked = f"{first['ask']}<ul>{options}</ul>" if first else ""
    rows = [(knob["label"], knob["stops"][shown["picks"][knob["name"]]], "") for knob in shown["knobs"]]
    explored = shown["explored"]
    if explored:
        rows += [(value["label"], value["text"], value["note"]) for value in explored["values"]]
    body = "".join(
        f'<tr><th scope="row">{escape(a)}</th><td>{escape(b)}</td><td>{escape(c)}</td></tr>' for a, b, c in rows
    )
    line = explored["finding"] if explored else shown.get("fault", "")
    return f"{asked}<p>{escape(line)}</p><table><tbody>{body}</tbody></table>"


def _revealed(view: Mapping[str, Any]) -> str:
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
