"""A shelf of pages that is full: a binder grows, the last guest let in gives up all pages and waits again, at the head of the queue."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, line, path, place, points, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "pages": "pages of the whole cache, such as '1,817 pages'",
    "page": "tokens of a page, such as '784 tokens'",
    "inside": "requests that the shelf holds, such as '151 requests'",
}
DURATION_S = 5.0
_LEFT, _TOP, _PITCH, _SIZE, _COLUMNS = 150, 62, 42, 36, 8
#: whose page lies where, row by row; the guests came in the order of their letters
_SHELF = ("ABCADBAC", "BADCABDC", "ACBDABCE", "BDACBDAE", "CABDCEA.")
#: pages that come while one looks: the guest's letter, its place, when
_GROWS, _TAKES = ("A", (7, 4), 1.3), ("B", (7, 2), 3.6)
_NEEDS_S, _LEAVES_S, _AT_THE_DOOR_S = 2.1, 2.6, 2.9
_TABLE, _DOOR = 352, 536


def _at(column: int, row: int) -> tuple[float, float]:
    return _LEFT + _PITCH * column, _TOP + _PITCH * row


def _page(letter: str, column: int, row: int) -> str:
    x, y = _at(column, row)
    middle = x + _SIZE / 2
    # The last one's letter is strokes: another guest's comes to stand in its place.
    strokes = (
        "".join(f"M{points(middle - 5, y + high)} h10 " for high in (12, 18, 24)) + f"M{points(middle - 5, y + 12)} v12"
    )
    name = path(strokes, "cache-line") if letter == "E" else text(middle, y + 25, letter, "cache strong")
    return rect(x, y, _SIZE, _SIZE, "cache-line cache-soft", 3) + name


def _empty(column: int, row: int) -> str:
    x, y = _at(column, row)
    return rect(x, y, _SIZE, _SIZE, "thin paper dashed", 3)


def _guest(x: float, letter: str) -> str:
    return place(parts.guest(), x, _TABLE) + text(x, _TABLE + 26, letter, "strong")


def _shelf(sheet: Sheet) -> None:
    for row, letters in enumerate(_SHELF):
        for column, letter in enumerate(letters):
            sheet.add(_empty(column, row) if letter == "." else _page(letter, column, row))
    grown, (column, row), when = _GROWS
    sheet.add(group(_page(grown, column, row), look=sheet.appear(when)))
    leaving = [
        (column, row) for row, letters in enumerate(_SHELF) for column, letter in enumerate(letters) if letter == "E"
    ]
    # What is taken away is covered, so that the last frame is the still picture.
    sheet.add(group(*[_empty(*spot) for spot in leaving], look=sheet.appear(_LEAVES_S)))
    taken, (column, row), when = _TAKES
    sheet.add(group(_page(taken, column, row), look=sheet.appear(when)))


def _guests(sheet: Sheet) -> None:
    right = _LEFT + _PITCH * _COLUMNS
    for place_, letter in enumerate("ABCDE"):
        sheet.add(_guest(_LEFT + 30 + 68 * place_, letter))
    x = _LEFT + 30 + 68 * 4
    gone = rect(x - 24, _TABLE - 56, 48, 56, "paper", 0) + rect(x - 12, _TABLE + 8, 24, 22, "paper", 0)
    sheet.add(group(gone, look=sheet.appear(_LEAVES_S)), line(_LEFT - 4, _TABLE, right, _TABLE))
    sheet.add(line(_DOOR - 22, _TABLE - 74, _DOOR - 22, _TABLE + 4, "ink heavy"))
    sheet.add(group(_guest(_DOOR + 14, "E"), look=sheet.appear(_AT_THE_DOOR_S)))
    for place_, letter in enumerate("FGH"):
        sheet.add(_guest(_DOOR + 62 + 46 * place_, letter))


def draw(given: Given, prefix: str) -> dict[str, object]:
    pages, page, inside = given.text("pages"), given.text("page"), given.text("inside")
    sheet = Sheet("page-shelf", prefix, DURATION_S)
    height = _PITCH * len(_SHELF) - (_PITCH - _SIZE)
    sheet.add(
        rect(24, _TOP, 106, height, "memory-line memory-soft", 4), text(77, _TOP + height / 2 + 6, "weights", "strong")
    )
    sheet.add(text(24, 40, f"the shelf: {pages} of {page}", "big", "start"))
    _shelf(sheet)
    _guests(sheet)
    beside = _LEFT + _PITCH * _COLUMNS + 18
    sheet.add(
        text(beside, _TOP + 22, "inside: room for", "", "start"),
        text(beside, _TOP + 50, inside, "cache strong", "start"),
        group(text(beside, _TOP + 102, "B needs a page:", "", "start"), look=sheet.appear(_NEEDS_S)),
        group(
            text(beside, _TOP + 130, "E, the last one in,", "strong", "start"),
            text(beside, _TOP + 158, "loses all its pages", "strong", "start"),
            look=sheet.appear(_LEAVES_S),
        ),
        text(_DOOR + 76, _TABLE - 86, "the door"),
    )
    alt = (
        f"A shelf of {pages} of {page} beside the weights has room for {inside}; here five guests, A to E, stand for all, and it is full. "
        "B needs one more page. E, who was let in last, gives up all pages and waits again, at the head of the queue, before F, who has not been inside."
    )
    steps = [
        (1.0, f"Each guest has pages on the shelf, one for every {page}. The weights stay where they are."),
        (2.0, f"A's binder has grown by a page. Now all {pages} are handed out."),
        (3.3, "B needs a page, and there is none. E came in last, so all of E's pages are taken."),
        (
            5.0,
            f"B goes on. E waits again at the head of the queue, before F, who has not been inside. The shelf still has room for {inside}.",
        ),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
