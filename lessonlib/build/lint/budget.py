"""What a lesson may take of a learner's time."""

from __future__ import annotations

from collections.abc import Iterator

from lessonlib.build.lint.finding import Found, Path, rule
from lessonlib.lesson.budget import Budget, budget, case_budget, epilogue_budget, exam_budget
from lessonlib.lesson.lesson import Lesson

#: words to read, predictions (quiz and transfers counted) and minutes of a lesson, and of its epilogue
MOST_WORDS, MOST_PREDICTIONS, MOST_MINUTES = 2200, 9, 30
EPILOGUE_WORDS, EPILOGUE_PREDICTIONS, EPILOGUE_MINUTES = 700, 3, 10
#: of a case, on top: seven exhibits
CASE_WORDS, CASE_PREDICTIONS, CASE_MINUTES = 1200, 7, 15
#: of an exam, on top
EXAM_WORDS, EXAM_FORECASTS, EXAM_MINUTES = 1200, 5, 20
#: of a form of the inventory, what it reveals in the end included
FORM_WORDS, FORM_QUESTIONS, FORM_MINUTES = 2000, 12, 25


@rule("default lab", "budget")
def within_budget(lesson: Lesson) -> Iterator[Found]:
    """A lesson has at most 2,200 words to read, 9 predictions (quiz and transfers counted) and 30 minutes; its epilogue 700, 3 and 10; its case 1,200, 7 and 15; its exam 1,200, 5 and 20; a form of the inventory 2,000, 12 and 25."""
    yield from _over(budget(lesson), "", MOST_WORDS, MOST_PREDICTIONS, MOST_MINUTES)
    after = epilogue_budget(lesson)
    if after:
        yield from _over(after, "the epilogue: ", EPILOGUE_WORDS, EPILOGUE_PREDICTIONS, EPILOGUE_MINUTES)
    case = case_budget(lesson)
    if case:
        yield from _over(case, "the case: ", CASE_WORDS, CASE_PREDICTIONS, CASE_MINUTES)
    sealed = exam_budget(lesson)
    if sealed and lesson.form:
        yield from _over(sealed, "the form: ", FORM_WORDS, FORM_QUESTIONS, FORM_MINUTES)
    elif sealed:
        yield from _over(sealed, "the exam: ", EXAM_WORDS, EXAM_FORECASTS, EXAM_MINUTES)


def _over(found: Budget, what: str, words: int, predictions: int, minutes: int) -> Iterator[Found]:
    at: Path = ("steps",)
    if found.words > words:
        yield Found(at, f"{what}{found.words:,} words to read; at most {words:,}: take out what no later step needs")
    if found.predictions > predictions:
        yield Found(
            at,
            f"{what}{found.predictions} predictions, quiz and transfers counted; at most {predictions}: keep those that surprise",
        )
    if found.minutes > minutes + 0.5:
        yield Found(at, f"{what}{found.minutes:.0f} minutes by the formula; at most {minutes}")
