"""Every phase of a poll with every event."""

from __future__ import annotations

import pytest

from lessonlib.classroom.phases import (
    EVENTS,
    OF_THE_CLASS,
    PHASES,
    ROUND_OPEN,
    OutOfTurnError,
    after,
    possible,
    round_of,
    shares_may_be_seen,
    truth_may_be_seen,
)

LEADS = {
    ("draft", "open"): "open1",
    ("open1", "close"): "closed1",
    ("closed1", "open"): "open1",
    ("closed1", "discuss"): "discuss",
    ("closed1", "open2"): "open2",
    ("closed1", "show"): "shown",
    ("discuss", "open2"): "open2",
    ("discuss", "show"): "shown",
    ("open2", "close"): "closed2",
    ("closed2", "open2"): "open2",
    ("closed2", "show"): "shown",
    ("shown", "reveal"): "revealed",
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("event", EVENTS)
def test_each_event_in_each_phase(phase, event) -> None:
    if (phase, event) in LEADS:
        assert after(phase, event) == LEADS[phase, event]
    else:
        with pytest.raises(
            OutOfTurnError, match=f"“{event}” means nothing while the poll is {phase}; what can follow: "
        ):
            after(phase, event)


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_possible_is_what_leads_somewhere(phase) -> None:
    assert set(possible(phase)) == {event for at, event in LEADS if at == phase}
    assert not set(possible(phase)) & OF_THE_CLASS


def test_the_truth_is_seen_last_and_shares_just_before() -> None:
    assert [phase for phase in PHASES if shares_may_be_seen(phase)] == ["shown", "revealed"]
    assert [phase for phase in PHASES if truth_may_be_seen(phase)] == ["revealed"]
    assert not any(shares_may_be_seen(phase) for phase in ROUND_OPEN)


def test_no_way_back_leads_from_shares_to_a_vote() -> None:
    """Once a share was seen, no vote of this poll counts any more."""
    for phase in ("shown", "revealed"):
        assert all(after(phase, event) == "revealed" for event in possible(phase))


def test_rounds_never_fall() -> None:
    assert [round_of(phase) for phase in PHASES] == [0, 1, 1, 1, 2, 2, 2, 2]
    assert {ROUND_OPEN[phase] == round_of(phase) for phase in ROUND_OPEN} == {True}
