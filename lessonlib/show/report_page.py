"""What a learner hands in, as one page that prints well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from lessonlib.draw.page import page
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import Event
from lessonlib.review.inventory import inventory_report
from lessonlib.review.learner_report import Words, of_lesson, taken_in, words_of
from lessonlib.review.summary import judged, minutes, summarise
from lessonlib.show.inventory import gains_html
from lessonlib.show.score_card import summary_html


def report_page(events: Sequence[Event], beliefs: Mapping[str, str], made_on: str) -> str:
    """One self-contained HTML page: overall, lesson by lesson, and the learner's own words as text."""
    attempts = attempts_of(events)
    parts = [
        f"<h1>Predict first: what my guesses came to</h1><p>Made on {escape(made_on)}. It holds guesses and what came out, times, and the words below. No name.</p>",
        "<h2>All lessons</h2>" + summary_html(summarise(attempts), minutes(events), beliefs) + _in_classes(attempts),
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
    return page("Predict first: my guesses", body)


def _in_classes(attempts: Sequence[Attempt]) -> str:
    """How many of the guesses were votes in a class; nothing where none was."""
    votes = [each for each in judged(attempts) if each.commit is not None and each.commit.in_class]
    if not votes:
        return ""
    again = sum(vote.revote is not None for vote in votes)
    many = f"{len(votes)} of these predictions {'was' if len(votes) == 1 else 'were'} made in a class"
    return f"<p>{many}, where the first vote counts; {again} of them {'was' if again == 1 else 'were'} voted on again after a discussion.</p>"


def _words_html(words: Words) -> str:
    what = "A question" if words["about"] == "question" else "On the format"
    answer = f"<p>The answer it got:</p><blockquote>{escape(words['answer'])}</blockquote>" if "answer" in words else ""
    return f"<p>{what}, {escape(words['lesson'])}:</p><blockquote>{escape(words['text'])}</blockquote>{answer}"
