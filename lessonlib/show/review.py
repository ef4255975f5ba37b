"""The review in a notebook: one panel that deals card after card."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from lessonlib.base.text import printable
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.kinds.spoken import Recall
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Numbers, Words
from lessonlib.record.journal import Journal
from lessonlib.review.deck import Review
from lessonlib.review.summary import minutes, summarise
from lessonlib.roofline import Lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.fallback import fallback
from lessonlib.show.panel import Panel
from lessonlib.show.score_card import summary_html
from lessonlib.show.session import open_session, page_spoke, with_record

TITLE = "Review"
#: What a newcomer may try: a card about the review itself, so that no lesson's answer is told.
SAMPLE = {
    "id": "sample",
    "kind": "recall",
    "concepts": [],
    "stem": "This is what a card looks like. Aloud: **why does a question that you were certain of, and missed, come back first?**",
    "answer": "Errors made with certainty are corrected best once the answer is seen, and come back if nobody asks again. "
    "So they are asked again, and soon.",
}


def sample_card(lab: Lab) -> Step:
    """A card of which nothing is kept."""
    return Step(Recall(SAMPLE, Words(Numbers({}, lab), {}), "sample card"), "A sample card", lambda _record: None)


def open_review(
    lab: str | Lab | None = None, auto: str | None = None, journal: Journal | None = None
) -> NotebookReview:
    """What is due in your journal, for `lab` (None: the lab chosen at the start)."""
    session = open_session(lab, auto, journal)
    return NotebookReview(Review(session.lab, session.journal, BLOCKS))


class NotebookReview:
    """What the cells of the review notebook call."""

    def __init__(self, review: Review):
        self._review = review
        self._sample: Step | None = None
        self._tried = False

    def __repr__(self) -> str:
        return printable(f"Review · {self._review.lab.title}")

    def sitting(self) -> Panel:
        """The cards that are due, one after another, five to ten minutes of them."""
        return Panel(
            self.view(),
            self.handle,
            lambda: fallback(empty("Open this notebook in JupyterLab: what is due depends on your own journal.")),
        )

    def overall(self) -> Panel:
        """The score card over all lessons and reviews, from your journal."""
        return Panel(
            self._overall_view(),
            lambda _event: self._overall_view() if page_spoke(self._review.journal) else None,
            lambda: fallback(_told("overall", "<p>Open this notebook in JupyterLab: it sums up your own journal.</p>")),
        )

    def _overall_view(self) -> dict[str, Any]:
        journal = self._review.journal
        html = summary_html(summarise(journal.attempts()), minutes(journal.events()), load_listing().misconceptions)
        return with_record(_told("overall", html), journal)

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event of the panel; answers with what to show."""
        if page_spoke(self._review.journal):
            self._review.deal()
        if not self._handle_sample(event):
            self._review.handle(event)
        return self.view()

    @property
    def _newcomer(self) -> bool:
        """Whether no card was ever met."""
        return not self._review.done and self._review.step is None and self._review.next_due() is None

    def _handle_sample(self, event: dict[str, Any]) -> bool:
        """Whether the event was about the sample card, which only a newcomer is offered."""
        if not self._newcomer:
            self._sample = None
            return False
        name = event.get("event")
        if self._sample is None:
            self._sample = sample_card(self._review.lab) if name == "more" else None
        elif name == "next":
            self._tried = self._tried or self._done_with(self._sample)
            self._sample = None if self._done_with(self._sample) else self._sample
        else:
            self._sample.handle(event)
        return True

    @staticmethod
    def _done_with(step: Step) -> bool:
        return step.revealed and (step.grade is not None or step.skipped)

    def view(self) -> dict[str, Any]:
        """What to show, and what became of the learner's record."""
        return with_record(self._card_view(), self._review.journal)

    def _card_view(self) -> dict[str, Any]:
        """The card on the table with how many are left, or what to say when none is."""
        review = self._review
        if self._newcomer and self._sample:
            view = self._sample.view()
            return {
                **view,
                "id": "sample",
                "title": self._sample.title,
                "next": self._done_with(self._sample),
                "sitting": True,
            }
        if review.step is None or review.card is None:
            more = "Another sitting" if review.due() else "Try a sample card" if self._newcomer else ""
            return {**empty(self._nothing()), "more": more}
        view = review.step.view()
        number = f"{review.done + 1} of {review.done + review.left}"
        return {
            **view,
            "id": f"{review.card.name}#{review.done}",
            "title": f"{number} · {review.step.title}",
            "next": review.answered,
            "sitting": True,
        }

    def _nothing(self) -> str:
        review = self._review
        if review.done and review.due():
            return f"<p><strong>{review.done} cards, that is enough for one sitting.</strong> {len(review.due())} more are due; tomorrow they will still be there.</p>"
        at = review.next_due()
        if at is None:
            tried = "That was a sample: nothing of it is kept. " if self._tried else ""
            return f"<p>{tried}<strong>Nothing to review yet.</strong> Cards come from the lessons: take the first steps of lesson 1, then come back tomorrow.</p>"
        thanks = f"{review.done} card{'s' * (review.done != 1)} done. " if review.done else ""
        return f"<p><strong>{thanks}Nothing more is due.</strong> The next card is, {escape(when(at, datetime.now(UTC)))}.</p>"


def empty(words: str) -> dict[str, Any]:
    """A panel without a question."""
    html = words if words.startswith("<") else f"<p>{words}</p>"
    return _told("sitting", html)


def _told(key: str, html: str) -> dict[str, Any]:
    title = TITLE if key == "sitting" else "All lessons so far"
    return {"kind": "tell", "id": key, "title": title, "state": "observed", "html": html}


def when(at: datetime, now: datetime) -> str:
    """How far away a date is, in words."""
    hours = (at - now).total_seconds() / 3600
    if hours < 1:
        return "within the hour"
    if hours < 24:
        return f"in about {hours:.0f} hour{'s' * (round(hours) != 1)}"
    days = round(hours / 24)
    return "tomorrow" if days == 1 else f"in {days} days"
