"""The report of one class as one page: sentences first, then drawings, each with its table. It holds no voter and no share below five answers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lessonlib.classroom.report.class_figures import SETTLED, summed
from lessonlib.classroom.report.drawings import STYLE, BarRow, bars, changes
from lessonlib.classroom.report.figures import (
    BeliefFigures,
    ClassFigures,
    LevelFigures,
    QuestionFigures,
    RoundFigures,
    ShareFigures,
    Switches,
)
from lessonlib.classroom.report.judged import Answered, Opener, answered
from lessonlib.classroom.report.parts import beside, many, share, signed, table
from lessonlib.classroom.report.rows import ClassRows
from lessonlib.draw.page import page, policy
from lessonlib.lesson.concepts import Listing
from lessonlib.lesson.judge import band_of, times

#: what the header of a served report says too
POLICY = policy(STYLE)
#: between these shares right a discussion in pairs is worth most; it is advice, and no limit
_TALK = (0.3, 0.7)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def class_page(rows: ClassRows, lessons: Opener | None = None, listing: Listing | None = None) -> str:
    """The report of one class as one self-contained HTML page."""
    questions = answered(rows, lessons)
    figures = summed(rows, questions, listing)
    body = [
        _head(figures),
        *_overview(figures),
        *(
            _question(number, each, of)
            for number, (each, of) in enumerate(zip(questions, figures["questions"], strict=True), 1)
        ),
    ]
    return page(f"Class report: {figures['title']}", "".join(body), STYLE)


# --- a class ------------------------------------------------------------------------------------------------------


def _head(figures: ClassFigures) -> str:
    said = [f"Class {figures['code']}" + (f", {figures['created']}" if figures["created"] else "")]
    said.append(f"on the lab {figures['lab']}")
    counts = f"{many(figures['voters'], 'voter')} joined, {many(len(figures['questions']), 'question was', 'questions were')} voted on."
    least = f"No voter is told apart, and no share is shown that fewer than {figures['least']} answers stand behind."
    return f"<h1>Class report: {escape(figures['title'])}</h1><p>{escape(', '.join(said))}. {counts} {least}</p>"


def _overview(figures: ClassFigures) -> list[str]:
    if not figures["questions"]:
        return ["<p>Nobody has voted yet.</p>"]
    return [_ideas(figures), _held(figures)]


def _ideas(figures: ClassFigures) -> str:
    """Which ideas are open."""
    ideas = figures["ideas"]
    told = [idea for idea in ideas if idea["last"] is not None]
    if not told:
        return "<h2>Which ideas are open</h2><p>Too few answers to tell.</p>"
    still = [idea for idea in told if idea["state"] == "open"]
    names = "; ".join(f"{idea['title']} ({share(idea['last'])})" for idea in still)
    finding = (
        f"{many(len(still), 'idea is', 'ideas are')} still open, fewer than {share(SETTLED)} right at the end: {names}."
        if still
        else f"No idea is open: of each, {share(SETTLED)} or more were right at the end."
    )
    again = any(idea["gain"] is not None for idea in told)
    drawn = bars(
        [BarRow(str(n), idea["first"], idea["last"]) for n, idea in enumerate(told, 1)],
        "The mean share right of the questions on each idea.",
        again,
        end="at the end",
    )
    head = ["", "idea", "questions", *(["first vote", "at the end", "gain"] if again else ["right"]), ""]
    rows = [
        [
            str(n),
            idea["title"],
            str(idea["questions"]),
            *([share(idea["first"])] if again else []),
            share(idea["last"]),
            *([signed(idea["gain"])] if again else []),
            idea["state"],
        ]
        for n, idea in enumerate(told, 1)
    ]
    return f"<h2>Which ideas are open</h2><p>{escape(finding)}</p>{beside('Ideas', drawn, head, rows)}"


def _held(figures: ClassFigures) -> str:
    """Which misconceptions are held with certainty."""
    if not figures["held"]:
        return "<h2>Held with certainty</h2><p>No misconception that was held with certainty at the end.</p>"
    listed = table(
        "Misconceptions at the end of the voting, the surest first",
        ["what is believed", "question", "believed", "and certain"],
        [[each["holds"], each["title"], share(each["share"]), share(each["certain"])] for each in figures["held"]],
    )
    note = "<p>Errors that people are certain of are corrected best, and come back if they are not asked again: ask these once more another day.</p>"
    return f"<h2>Held with certainty</h2>{listed}{note}"


# --- a question ---------------------------------------------------------------------------------------------------


def _question(number: int, one: Answered, figures: QuestionFigures) -> str:
    question = one.asked.question
    parts = [
        f"<h2>Question {number} <small>{escape(figures['title'])}, {escape(figures['question'])}</small></h2>",
        question.stem() if question else "",
    ]
    parts.append(f"<p>{escape(' '.join(_sentences(figures)))}</p>")
    twice = figures["second"] is not None
    if figures["options"]:
        parts.append(_distribution("Answers", figures["options"], twice, "answer", "what is true"))
    if figures["off"]:
        parts.append(_distribution("How far off", figures["off"], twice, "off by", "spot on"))
    if figures["features"]:
        parts.append(_distribution("The shape of the curve", figures["features"], twice, "what was drawn", "as it is"))
    if figures["both"]:
        parts.append(_switches(figures["both"], figures["switches"]))
    return "".join([*parts, _confidence(figures), _beliefs(figures["misconceptions"], twice)])


def _sentences(figures: QuestionFigures) -> list[str]:
    first, second = figures["first"], figures["second"]
    said = [_answers(first, second)]
    if figures["note"]:
        return [*said, f"Not judged: {figures['note']}."]
    said += filter(None, (_right(figures), _off(first, second), _ranges(first, second), _advice(figures)))
    return said


def _answers(first: RoundFigures, second: RoundFigures | None) -> str:
    counts = many(first["answers"], "answer") + (" in the first vote" if second else "")
    counts += f", {second['answers']} in the second" if second else ""
    unread = first["unread"] + (second["unread"] if second else 0)
    return f"{counts}." + (f" {many(unread, 'vote')} could not be read." if unread else "")


def _right(figures: QuestionFigures) -> str:
    first, second = figures["first"]["right"], figures["second"]["right"] if figures["second"] else None
    if first is None and second is None:
        return "Too few to tell more."
    before = "too few to tell" if first is None else f"{share(first)}"
    if figures["second"] is None:
        return f"Right: {before}."
    after = "too few to tell" if second is None else f"{share(second)}"
    won = figures["gain"]
    part = "" if won is None else f": a normalised gain of {won:.2f}".replace("-", "−")
    return f"Right: {before} before, {after} after{part}."


def _off(first: RoundFigures, second: RoundFigures | None) -> str:
    offs = [each["median_off"] for each in (first, second) if each and each["median_off"] is not None]
    if not offs:
        return ""
    return f"Typically {' at first, then '.join(map(_times_off, offs))}."


def _times_off(off: float) -> str:
    return "spot on" if band_of(off) == 0 else f"{times(off)} off"


def _ranges(first: RoundFigures, second: RoundFigures | None) -> str:
    held = (second if second and second["held"] is not None else first)["held"]
    return "" if held is None else f"{share(held)} of the ranges held the truth; honest ones do so four times in five."


def _advice(figures: QuestionFigures) -> str:
    right = figures["first"]["right"]
    if right is None:
        return ""
    if right > _TALK[1]:
        return "For the next time: so many were right at first that a word of explanation is enough; a harder question would teach more."
    explains = _who_explains(figures)
    if right < _TALK[0]:
        return f"For the next time: so few were right at first that a hint before the discussion helps.{explains}"
    return f"For the next time: here talking it over is worth most.{explains}"


def _who_explains(figures: QuestionFigures) -> str:
    """Which answer somebody should explain; never which person."""
    others = [option for option in figures["options"] if not option["right"] and option["first"]]
    if others:
        most = max(others, key=lambda option: option["first"] or 0)["text"]
        return f" Let the answer “{most}” be explained first: it is the most taken of the others."
    beliefs = [belief for belief in figures["misconceptions"] if belief["first"]]
    if beliefs:
        most = max(beliefs, key=lambda belief: belief["first"] or 0)["holds"]
        return f" Let this thought be explained first: “{most}”"
    return ""


def _distribution(title: str, shares: Sequence[ShareFigures], twice: bool, what: str, true: str) -> str:
    """A drawing with letters, and the table that says what they stand for; nothing where both rounds are too small."""
    if all(row["first"] is None and row["second"] is None for row in shares):
        return ""
    named = list(zip(_LETTERS, shares, strict=False))
    drawn = bars(
        [BarRow(letter, row["first"], row["second"], row["right"]) for letter, row in named],
        _most(shares, twice),
        twice,
        true,
    )
    head = ["", what, *(["first vote", "second vote"] if twice else ["share"])]
    rows = [
        [f"{letter}{' ✓' * row['right']}", row["text"], share(row["first"]), *([share(row["second"])] if twice else [])]
        for letter, row in named
    ]
    return beside(title, drawn, head, rows)


def _most(shares: Sequence[ShareFigures], twice: bool) -> str:
    """The finding in words: how many were right, and what most others took."""

    def told(row: ShareFigures) -> str:
        after = f", then {share(row['second'])}" if twice else ""
        return f"“{row['text']}” {share(row['first'])}{after}"

    said = [f"Right: {told(row)}." for row in shares if row["right"]]
    others = [row for row in shares if not row["right"] and (row["first"] or row["second"])]
    if others:
        most = max(others, key=lambda row: (row["first"] or 0, row["second"] or 0))
        said.append(f"Of the others most: {told(most)}.")
    return " ".join(said)


def _switches(both: int, found: Switches | None) -> str:
    if found is None:
        return f"<p>{many(both, 'voter')} answered in both rounds: too few to say who changed.</p>"
    alt = (
        f"Of {both:,} who voted twice, {found['right_right']:,} stayed right, {found['wrong_right']:,} changed to right, "
        f"{found['right_wrong']:,} changed away from it, {found['wrong_wrong']:,} stayed wrong."
    )
    head = ["first vote", "then right", "then wrong"]
    rows = [
        ["right", f"{found['right_right']:,}", f"{found['right_wrong']:,}"],
        ["wrong", f"{found['wrong_right']:,}", f"{found['wrong_wrong']:,}"],
    ]
    return beside("Who changed to what", changes(found, alt), head, rows)


def _confidence(figures: QuestionFigures) -> str:
    first, second = figures["first"]["confidence"], figures["second"]["confidence"] if figures["second"] else []
    if not first and not second:
        return ""
    names = [each["level"] for each in first or second]
    twice = bool(figures["second"])
    before, after = _levels(first, len(names)), _levels(second, len(names))
    surest = f"Certain: {share(before[-1][0])}{f', then {share(after[-1][0])}' if twice else ''}."
    drawn = bars(
        [BarRow(letter, one[0], other[0]) for letter, one, other in zip(_LETTERS, before, after, strict=False)],
        surest,
        twice,
    )
    right = "of these right"
    head = ["", "they said", *(["first vote", right, "second vote", right] if twice else ["share", right])]
    rows = [
        [letter, name, *map(share, one), *(map(share, other) if twice else ())]
        for letter, name, one, other in zip(_LETTERS, names, before, after, strict=False)
    ]
    return beside("How sure they were", drawn, head, rows)


def _levels(levels: Sequence[LevelFigures], count: int) -> list[tuple[float | None, float | None]]:
    """For each level its share and which share of it was right; nothing of a round that is too small."""
    return [(each["share"], each["right"]) for each in levels] or [(None, None)] * count


def _beliefs(beliefs: Sequence[BeliefFigures], twice: bool) -> str:
    if not beliefs:
        return ""
    head = [
        "what is believed",
        *(["first vote", "certain", "second vote", "certain"] if twice else ["share", "certain"]),
    ]
    rows = [
        [
            belief["holds"],
            share(belief["first"]),
            share(belief["first_certain"]),
            *([share(belief["second"]), share(belief["second_certain"])] if twice else []),
        ]
        for belief in beliefs
    ]
    return table("Misconceptions that the answers show, and the share that was certain", head, rows)
