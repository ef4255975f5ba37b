"""What a learner hands in, as one page that prints well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from lessonlib.base.formats import whole_characters
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.record.attempts import attempts_of
from lessonlib.record.event import Event
from lessonlib.review.inventory import inventory_report
from lessonlib.review.learner_report import Words, of_lesson, taken_in, words_of
from lessonlib.review.summary import judged, minutes, summarise
from lessonlib.show.inventory import gains_html
from lessonlib.show.score_card import summary_html

#: Whatever stands in the page, it runs nothing and asks nobody for anything.
_POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
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


def report_page(events: Sequence[Event], beliefs: Mapping[str, str], made_on: str) -> str:
    """One self-contained HTML page: overall, lesson by lesson, and the learner's own words as text."""
    attempts = attempts_of(events)
    parts = [
        f"<h1>Predict first: what my guesses came to</h1><p>Made on {escape(made_on)}. It holds guesses and what came out, times, and the words below. No name.</p>",
        "<h2>All lessons</h2>" + summary_html(summarise(attempts), minutes(events), beliefs),
    ]
    inventory = inventory_report(events)
    if inventory:
        parts.append(f"<h2>Inventory: before and after</h2>{gains_html(inventory)}")
    for name in lesson_names():
        own = judged(of_lesson(name, attempts))
        if own:
            found = summary_html(summarise(own), minutes(taken_in(name, events)), beliefs)
            parts.append(f"<h2>{escape(load_source(name)['title'])}</h2>{found}")
    written = words_of(events)
    if written:
        parts.append("<h2>In my own words</h2>" + "".join(_words_html(words) for words in written))
    body = "".join(parts).replace("<details>", "<details open>")
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{_POLICY}<title>Predict first: my guesses</title><style>{_STYLE}</style></head><body>{body}</body></html>\n'
    return whole_characters(page)


def _words_html(words: Words) -> str:
    what = "A question" if words["about"] == "question" else "On the format"
    answer = f"<p>The answer it got:</p><blockquote>{escape(words['answer'])}</blockquote>" if "answer" in words else ""
    return f"<p>{what}, {escape(words['lesson'])}:</p><blockquote>{escape(words['text'])}</blockquote>{answer}"
