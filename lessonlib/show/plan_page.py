"""A plan as one page that stands alone: the set-ups with their bands, the fronts, why the others lose. It asks nobody for anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lessonlib.base.quantity import Quantity, significant
from lessonlib.course.engine.plan_fronts import PANELS, on_front
from lessonlib.draw.page import page
from lessonlib.plan import report

#: Beside draw.page.STYLE: wide tables, and the marks of the drawing in the colours of the page.
STYLE = """
body { max-width: 62rem; } .wide { overflow-x: auto; } .wide table { font-size: .85rem; } .wide td, .wide th { padding-right: .8rem; }
.wide td.s { min-width: 15rem; } .wide td.n { text-align: right; white-space: nowrap; } .wide small { display: block; } .fronts { display: flex; flex-wrap: wrap; gap: 1rem; } .fronts figure { flex: 1 1 17rem; max-width: 24rem; }
.axis { stroke: var(--soft); stroke-width: 1; fill: none; } .grid { stroke: var(--line); stroke-width: 1; } svg text { fill: var(--ink); font-size: 11px; }
.held { fill: none; stroke: var(--soft); } .front0 { stroke: var(--first); fill: var(--first); } .front1 { stroke: var(--second); fill: var(--second); } .front2 { stroke: var(--true); fill: var(--true); }
path.front0, path.front1, path.front2 { fill: none; stroke-width: 2; }
"""
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 320, 220, 52, 14, 12, 40
_UNITS = {"first token": "first token, p99, ms", "time per token": "a token, p99, ms", "goodput": "goodput, requests/s"}
_TICKS = 4


def plan_page(data: Mapping[str, Any]) -> str:
    """The page. data: of `plan.answer_data`; whatever names stand in it come out as text."""
    question = data["question"]
    asked = "".join(f"<p>{_text(line)}</p>" for line in report.heading(question).split("\n"))
    said = "".join(f"<p>{_text(line)}</p>" for line in report.told(data))
    body = f"<h1>The cheapest set-ups that hold</h1>{asked}{said}"
    if data["set_ups"]:
        drawn = "".join(_panel(data, place) for place in range(len(PANELS)))
        body += f'<h2>Set-ups</h2><div class="wide" tabindex="0">{_table(data)}</div>{_notes(data)}<h2>What a better one costs</h2><div class="fronts">{drawn}</div>'
    if data["losers"]:
        body += f"<h2>Why the others lose</h2>{_losers(data['losers'])}"
    return page("Plan: the cheapest set-ups that hold", f"{body}<h2>Prices</h2>{_prices(question['prices'])}", STYLE)


def _text(text: str) -> str:
    return escape(text, quote=True)


def _table(data: Mapping[str, Any]) -> str:
    heads = (
        "",
        "set-up",
        "GPUs",
        "$ an hour",
        "seats",
        "tokens a step",
        "goodput, requests/s",
        "kept",
        "at the slow end",
        "first token p50",
        "p99",
        "a token p50",
        "p99",
        "fronts",
    )
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    rows = "".join(_row(data, place, entry) for place, entry in enumerate(data["set_ups"]))
    caption = "<caption>The cheapest first; below each number the span in which nine in ten measurements lie</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(data: Mapping[str, Any], place: int, entry: Mapping[str, Any]) -> str:
    good = entry["goodput_per_s"]
    alike = f"<small>{entry['alike']} more with other limits come to the same</small>" if entry["alike"] else ""
    cells = [
        f'<th scope="row">{place + 1}</th>',
        f'<td class="s">{_text(report.set_up_name(entry))}{alike}</td>',
        _cell(f"{entry['gpus']:,}"),
        _cell(f"{entry['usd_per_hour']:,.2f}"),
        _cell(report.limit(entry, "max_num_seqs")),
        _cell(report.limit(entry, "max_num_batched_tokens")),
        _cell(significant(good["expected"]), f"{significant(good['low'])} to {significant(good['high'])}"),
        _cell(report.percent(entry["share"])),
        _cell(report.percent(entry["share_at_slow_end"])),
    ]
    for key in ("ttft_s", "tpot_s"):
        for name in ("p50", "p99"):
            low, high = (report.seconds(entry[key][f"{name}_{end}"]) for end in ("low", "high"))
            cells.append(_cell(report.seconds(entry[key][name]), f"{low} to {high}"))
    names = ", ".join(name for name, members in data["fronts"].items() if place in members)
    return f"<tr>{''.join(cells)}<td>{_text(names)}</td></tr>"


def _cell(text: str, below: str = "") -> str:
    span = f"<small>{_text(below)}</small>" if below else ""
    return f'<td class="n">{_text(text)}{span}</td>'


def _notes(data: Mapping[str, Any]) -> str:
    question = data["question"]
    lines = [
        (
            "Seats and tokens of a step stand in brackets where they are vLLM's own. Kept: the share of the requests that keep both limits; at the slow end: the same "
            "where every step takes as long as the slow end of the engine's band for a token says."
        ),
        (
            f"Told of: what costs at most {significant(question['within'])} times the cheapest. All were judged by the same {question['requests']:,} simulated requests "
            f"(seed {question['seed']}, router {question['router']}); the times are computed, none is measured."
        ),
        *report.notes(data)[4:],
    ]
    return "".join(f"<p><small>{_text(line)}</small></p>" for line in lines)


def _losers(losers: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("why", "set-ups", "by ceilings alone", "which", "such as")
    )
    rows = []
    for entry in losers:
        which = "; ".join(f"{name} ({count:,})" for name, count in entry["which"].items())
        example = entry["example"]
        such = f"{example['set_up']}: {example['detail']}" if example else ""
        counts = "".join(_cell(f"{entry[key]:,}") for key in ("set_ups", "by_ceilings"))
        rows.append(
            f'<tr><th scope="row">{_text(entry["says"])}</th>{counts}<td>{_text(which)}</td><td>{_text(such)}</td></tr>'
        )
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _prices(prices: Mapping[str, Mapping[str, Any]]) -> str:
    rows = ""
    for gpu, price in prices.items():
        words = [price["provider"] or "as given", price["terms"], price["read_on"], price["source"]]
        said = "".join(f"<td>{_text(word)}</td>" for word in words)
        rows += f'<tr><th scope="row">{_text(gpu)}</th>{_cell(str(price["usd"]))}{said}</tr>'
    head = "".join(f'<th scope="col">{name}</th>' for name in ("GPU", "$ an hour", "of", "terms", "read on", "source"))
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


# --- the drawing ------------------------------------------------------------------------------------------------------


def _panel(data: Mapping[str, Any], place: int) -> str:
    """Cost against one measure, as SVG without a style of its own (the page's policy lets none in)."""
    name, key, scale, _, _ = PANELS[place]
    points = data["all_that_hold"]
    right = 1.08 * max(point["usd_per_hour"] for point in points)
    top = 1.2 * max(point[key] * scale for point in points) or 1.0

    def x(usd: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * usd / right

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top

    members = on_front(data, name)
    parts = [_axes(right, top, x, y, _UNITS[name])]
    parts += [
        f'<circle class="held" cx="{x(point["usd_per_hour"]):.1f}" cy="{y(point[key] * scale):.1f}" r="3"/>'
        for point in points
    ]
    corners = [(x(usd), y(value * scale)) for _, usd, value in members]
    path = f"M{corners[0][0]:.1f} {corners[0][1]:.1f}" + "".join(
        f"H{across:.1f}V{down:.1f}" for across, down in corners[1:]
    )
    parts.append(f'<path class="front{place}" d="{path}"/>')
    for (number, _, _), (across, down) in zip(members, corners, strict=True):
        parts.append(f'<circle class="front{place}" cx="{across:.1f}" cy="{down:.1f}" r="4"/>')
        parts.append(f'<text x="{across + 6:.1f}" y="{down - 5:.1f}">{number + 1}</text>')
    told = _finding(name, members, scale)
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_text(told)}">{"".join(parts)}</svg>'
        f"<figcaption>{_text(told)}</figcaption></figure>"
    )


def _axes(right: float, top: float, x: Any, y: Any, label: str) -> str:
    parts = []
    for value in _ticks(right):
        parts.append(
            f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        )
        parts.append(f'<text x="{x(value):.1f}" y="{_HEIGHT - _BOTTOM + 14}" text-anchor="middle">{value:g}</text>')
    for value in _ticks(top):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 5}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    parts.append(f'<path class="axis" d="M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}"/>')
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">$ an hour</text>')
    parts.append(
        f'<text x="12" y="{_HEIGHT / 2 - 10:.0f}" text-anchor="middle" transform="rotate(-90 12 {_HEIGHT / 2 - 10:.0f})">{_text(label)}</text>'
    )
    return "".join(parts)


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 to the end of an axis."""
    raw = most / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return [round(count * step, 10) for count in range(int(most / step) + 1)]


def _finding(name: str, members: Sequence[tuple[int, float, float]], scale: float) -> str:
    """What a panel shows, with its numbers."""
    first, last = members[0], members[-1]

    def said(value: float) -> str:
        return str(Quantity(value, "requests/s" if scale == 1.0 else "s"))

    what = {
        "first token": "the 99th percentile of the first token",
        "time per token": "the 99th percentile of the time per token",
        "goodput": "the goodput",
    }[name]
    if first == last:
        return f"${first[1]:,.2f} an hour: {what} is {said(first[2])}; no dearer set-up does better."
    return f"From ${first[1]:,.2f} to ${last[1]:,.2f} an hour {what} goes from {said(first[2])} to {said(last[2])}."
