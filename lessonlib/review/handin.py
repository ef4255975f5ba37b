"""What a learner may hand in: the record as plain data, and as one page that prints well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.record.questions_for_teacher import FORMAT, exported_records
from lessonlib.review.scorecard import card_html
from lessonlib.review.tally import Outcome, Tally, minutes, outcomes, tally

Record = Mapping[str, Any]

VERSION = 1


def handin(records: Sequence[Record]) -> dict[str, Any]:
    """Everything that would be handed in, as plain data (JSON). It holds no name, no path and no machine."""
    found = list(outcomes(records))
    begun = [name for name in lesson_names() if any(record["lesson"] == name for record in records)]
    return {
        "version": VERSION,
        "lessons": {name: _lesson(name, found, records) for name in begun},
        "overall": _sums(tally(found), minutes(records)),
        "notes": notes(records),
    }


def _lesson(name: str, found: Sequence[Outcome], records: Sequence[Record]) -> dict[str, Any]:
    own = [outcome for outcome in found if outcome.lesson == name]
    labs = dict.fromkeys(record["lab"] for record in records if record["lesson"] == name)
    return {
        "title": load_source(name)["title"],
        "labs": list(labs),
        **_sums(tally(own), minutes([record for record in records if record["lesson"] == name])),
        "outcomes": [_outcome(outcome) for outcome in own],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    kept = {
        key: getattr(outcome, key)
        for key in ("question", "confidence", "right", "factor", "held", "misconception", "review")
    }
    return {key: value for key, value in kept.items() if value is not None} | (
        {"at": outcome.at.isoformat(timespec="seconds")} if outcome.at else {}
    )


def _sums(found: Tally, spent: float) -> dict[str, Any]:
    return {
        "guesses": found.guesses,
        "right": found.right,
        "minutes": round(spent, 1),
        "brier": None if found.brier is None else round(found.brier, 3),
        "ranges": {"given": found.ranges[0], "held": found.ranges[1]},
        "confidence": [{"guesses": guesses, "right": right} for guesses, right in found.levels],
        "misconceptions": {name: {"met": count, "cleared": name in found.cleared} for name, count in found.met.items()},
    }


def notes(records: Sequence[Record]) -> list[dict[str, str]]:
    """The learner's words to the teacher: lesson, about ("question" or "format"), text, and the answer where one came."""
    found = []
    for entry in exported_records(records):
        if entry["text"].strip():
            about = "format" if entry["item"] == FORMAT else "question"
            answer = {"answer": entry["answer"]} if entry.get("answer") else {}
            found.append({"lesson": entry["lesson"], "about": about, "text": entry["text"], **answer})
    return found


# --- as a page ------------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light; } body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-top: 1px solid #ccc; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #ddd; font-weight: 400; } thead th { font-weight: 600; }
figure { margin: .6rem 0; max-width: 34rem; } svg { width: 100%; height: auto; font-size: 13px; } figcaption, small { font-size: .9em; color: #444; }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #888; white-space: pre-wrap; overflow-wrap: anywhere; }
.ll-met td { white-space: nowrap; }
@media print { body { margin: 0; max-width: none; } tr, figure { break-inside: avoid; } h2, caption, thead { break-after: avoid; } details > summary { display: none; } }
"""


def page(records: Sequence[Record], beliefs: Mapping[str, str], made_on: str) -> str:
    """One self-contained HTML page: overall, lesson by lesson, and the learner's own words as text."""
    found = list(outcomes(records))
    parts = [
        f"<h1>Predict first: what my guesses came to</h1><p>Made on {escape(made_on)}. It holds guesses and what came out, times, and the words below. No name.</p>"
    ]
    parts.append("<h2>All lessons</h2>" + card_html(tally(found), minutes(records), beliefs))
    for name in (name for name in lesson_names() if any(outcome.lesson == name for outcome in found)):
        own = [record for record in records if record["lesson"] == name]
        parts.append(
            f"<h2>{escape(load_source(name)['title'])}</h2>"
            + card_html(tally([o for o in found if o.lesson == name]), minutes(own), beliefs)
        )
    written = notes(records)
    if written:
        parts.append("<h2>In my own words</h2>" + "".join(_note(note) for note in written))
    body = "".join(parts).replace("<details>", "<details open>")
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Predict first: my guesses</title><style>{_STYLE}</style></head><body>{body}</body></html>\n'


def _note(note: Mapping[str, str]) -> str:
    what = "A question" if note["about"] == "question" else "On the format"
    answer = f"<p>The answer it got:</p><blockquote>{escape(note['answer'])}</blockquote>" if "answer" in note else ""
    return f"<p>{what}, {escape(note['lesson'])}:</p><blockquote>{escape(note['text'])}</blockquote>{answer}"
