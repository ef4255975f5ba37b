"""What an instructor gets of a learner's questions and remarks."""

from __future__ import annotations

from lessonlib.record.event import events_of
from lessonlib.record.exchanges import remarks

ADDRESS = {"lesson": "01-prefill-vs-decode", "hash": "x", "lab": "y", "event": "commit"}


def test_notes_of_one_millisecond_come_in_the_order_of_their_last_versions() -> None:
    said = [("closing", "First."), ("closing", "Last.")]
    records = [
        {**ADDRESS, "question": question, "time": "2026-01-01T00:00:00.000+00:00", "guess": {"text": text}}
        for question, text in said
    ]
    assert [entry["text"] for entry in remarks(events_of(records))] == ["Last."]
