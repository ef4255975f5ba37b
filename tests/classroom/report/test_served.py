"""The report of a class that goes on, and of one that is kept: from the same rows, as each store gives them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lessonlib.classroom.report.export import export_csv, export_json, report_html
from lessonlib.classroom.report.kept import rows_of
from lessonlib.classroom.report_routes import FORMS
from lessonlib.cli.main import main
from tests.classroom.room import LESSON, TOKEN, Room, room

ME = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def questions(a_room: Room) -> list[str]:
    """The ids of two choices of the lesson."""
    return [item.id for item in a_room.live.lesson.asked if item.step.question.kind == "choice"][:2]


def vote_twice(served: Room, question: str, voters: list[str]) -> None:
    """Six voters, of whom one is right at first and four in the end; it is shown and revealed."""
    asked = served.live.lesson.items[question].step.question
    right, wrong = asked.right(), asked.mistakes()[0][1]
    served.steer("open", question)
    for place, voter in enumerate(voters):
        assert served.vote(voter, question, right if place < 1 else wrong).status_code == 200
    served.steer("close")
    served.steer("open2")
    for place, voter in enumerate(voters):
        assert served.vote(voter, question, right if place < 4 else wrong, 2, 2).status_code == 200
    for event in ("close", "show", "reveal"):
        served.steer(event)


def test_the_report_is_for_the_token_of_the_instructor_alone(a_room: Room) -> None:
    voter = a_room.joined()
    for path in FORMS:
        assert a_room.ask("GET", path).status_code == 401
        assert a_room.ask("GET", path, cookie=voter).status_code == 401
        assert a_room.ask("GET", path, authorization="Bearer nonsense").status_code == 403
        assert a_room.ask("GET", path, **ME).status_code == 200
        assert a_room.ask("GET", f"{path}?token={TOKEN}").status_code == 401
        assert a_room.ask("POST", path, {}, **ME).status_code in (404, 405)


def test_the_report_of_a_class_that_goes_on(a_room: Room, questions: list[str]) -> None:
    voters = [a_room.joined() for _ in range(6)]
    vote_twice(a_room, questions[0], voters)
    answer = a_room.ask("GET", "/report", **ME)
    page = answer.text.replace("\u00a0", " ")
    assert "Right: 17 % before, 67 % after: a normalised gain of 0.60." in page
    assert "6 voters joined, 1 question was voted on." in page
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and re.search(r"content=\"([^\"]*)\"", page).group(1) in policy  # type: ignore[union-attr]
    assert answer.headers["cache-control"] == "no-store"
    data = a_room.ask("GET", "/export.json", **ME).json()
    (found,) = data["classes"][0]["questions"]
    assert found["switches"] == {"right_right": 1, "wrong_right": 3, "right_wrong": 0, "wrong_wrong": 2}
    table = a_room.ask("GET", "/export.csv", **ME)
    assert len(table.text.splitlines()) == 13 and f"class-{a_room.code}.csv" in table.headers["content-disposition"]
    for text in (page, json.dumps(data), table.text):
        assert TOKEN not in text and not any(voter in text for voter in voters)


@pytest.mark.parametrize("until", ["open", "close", "open2", "close2", "show"])
def test_nothing_of_a_question_is_told_before_its_reveal(a_room: Room, questions: list[str], until: str) -> None:
    first, second = questions
    voters = [a_room.joined() for _ in range(6)]
    vote_twice(a_room, first, voters)
    before = {path: a_room.ask("GET", path, **ME).text for path in FORMS}
    right = a_room.live.lesson.items[second].step.question.right()
    a_room.steer("open", second)
    for voter in voters:
        a_room.vote(voter, second, right)
    for event in ("close", "open2", "close2", "show"):
        if until == "open":
            break
        a_room.steer(event.rstrip("2") if event == "close2" else event)
        if event == until:
            break
    for path in FORMS:
        assert a_room.ask("GET", path, **ME).text == before[path]


def test_a_report_from_the_store_is_that_of_the_server(a_room: Room, questions: list[str], opens: Any) -> None:
    vote_twice(a_room, questions[0], [a_room.joined() for _ in range(6)])
    store = opens()
    rows = rows_of(store, store.class_of(a_room.code))
    store.close()
    assert (rows.lesson, rows.voters, rows.created[:2]) == (LESSON, 6, "20")
    assert export_csv([rows]) == a_room.ask("GET", "/export.csv", **ME).text
    assert export_json([rows]) == a_room.ask("GET", "/export.json", **ME).text
    assert report_html([rows]) == a_room.ask("GET", "/report", **ME).text


# --- the commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(opens: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two classes that were held, in the file beside the journal; their codes."""
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    monkeypatch.chdir(tmp_path)
    from lessonlib.classroom.stores import opener

    codes = []
    for _ in range(2):
        with room(opener()) as served:
            question = next(item.id for item in served.live.lesson.asked if item.step.question.kind == "choice")
            vote_twice(served, question, [served.joined() for _ in range(6)])
            codes.append(served.code)
    return codes


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two classes in which nothing has happened yet; their codes."""
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    monkeypatch.chdir(tmp_path)
    from lessonlib.classroom.stores import opener

    store, codes = opener()(), ["ABC234", "ABC235"]
    for code in codes:
        assert store.add_class(code, LESSON, "a-lab")
    store.close()
    return codes


def test_report_and_export_write_their_files(
    kept: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = kept
    assert main(["class", "report", one.lower()]) == 0
    page = tmp_path / f"class-{one}.html"
    assert "Class report: Prefill vs decode" in page.read_text() and page.stat().st_mode & 0o777 == 0o600
    assert main(["class", "report", one, two, one]) == 0
    assert "Report of 2 classes" in (tmp_path / "classes.html").read_text()
    assert main(["class", "report", "--all", "--out", "every"]) == 0
    assert (tmp_path / "every.html").read_text() == (tmp_path / "classes.html").read_text()
    assert main(["class", "export", one]) == 0
    assert len((tmp_path / f"class-{one}.csv").read_text().splitlines()) == 13
    assert json.loads((tmp_path / f"class-{one}.json").read_text())["classes"][0]["voters"] == 6
    assert f"wrote class-{one}.csv and class-{one}.json" in capsys.readouterr().out


def test_erase_forgets_all_rows_of_a_class_and_says_how_many(
    kept: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from lessonlib.classroom.stores import opener

    one, two = kept
    assert main(["class", "erase", one]) == 2 and "--yes" in capsys.readouterr().err
    assert main(["class", "erase", one, "--yes"]) == 0
    shown = capsys.readouterr().out
    assert f"{one}, {LESSON}: 6 voters, 12 votes" in shown
    assert re.search(
        rf"erased {one}: \d+ rows \(12 in vote, \d in event, 1 in poll, 6 in voter, 1 in host, 1 in class\)", shown
    )
    store = opener()()
    assert [row.code for row in store.classes()] == [two]
    for table in ("vote", "event", "poll", "voter", "host", "class"):
        assert store.run(f"SELECT count(*) FROM {table}")[0][0] > 0, "the other class is whole"
    assert len(store.votes(store.classes()[0])) == 12
    store.close()
    assert main(["class", "erase", two, "--yes"]) == 0
    store = opener()()
    assert all(
        store.run(f"SELECT count(*) FROM {table}") == [(0,)]
        for table in ("vote", "event", "poll", "voter", "host", "class")
    )
    store.close()


def test_what_is_erased_is_not_left_in_the_file(begun: list[str], tmp_path: Path) -> None:
    from lessonlib.classroom.store import Move
    from lessonlib.classroom.stores import opener

    store, said = opener()(), "said by one voter alone"
    row = store.class_of(begun[0])
    assert row
    with store.transaction():
        assert store.move(row, 0, [Move("open", "gaps", LESSON, "hash", "a-lab", "open1", 1)], False)
        poll = store.run("SELECT id FROM poll")[0][0]
        for n in range(50):
            voter = store.add_voter(row, f"token {n} " + "x" * 40)
            assert store.vote(poll, 1, voter, f"key{n}" * 4, json.dumps({"texts": [said]}), None) == "ok"
    store.close()
    file = tmp_path / "classes" / "classes.sqlite"
    assert said.encode() in file.read_bytes()
    assert main(["class", "erase", begun[0], "--yes"]) == 0
    left = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert said.encode() not in left and b"token 7 " not in left


def test_a_class_that_goes_on_is_not_erased(begun: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    import fcntl

    from lessonlib.classroom.stores import opener

    store = opener()()
    path = store.guard(begun[0])
    store.close()
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert main(["class", "erase", begun[0], "--yes"]) == 2
        assert "is going on: stop its server first" in capsys.readouterr().err
        assert main(["class", "report", begun[0]]) == 0, "to look is no harm"
    assert main(["class", "erase", begun[0], "--yes"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report"], "which class? Kept are: "),
        (["export", "AAAAAA"], "no class 'AAAAAA' is kept here. Kept are: "),
        (["report", "nonsense\x1b[2J"], "is kept here"),
        (["erase", "--all"], "unknown argument --all"),
        (["report", "--store", "nowhere.sqlite"], "no class is kept in nowhere.sqlite"),
        (["report", "--store", "http://x"], "is not known: postgresql://…"),
        (["report", "--all", "--lesson", "99"], "99"),
        (["report", "--all", "--lab", "no-such-lab"], "no-such-lab"),
        (["report", "--all", "--out", "no/where"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(
    begun: list[str], words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["class", *words]) == 2
    told = capsys.readouterr().err
    assert (
        said in told
        and told.startswith(f"lessonlib class {words[0]}: ")
        and told.count("\n") == 1
        and "\x1b" not in told
    )
    assert not (tmp_path / "nowhere.sqlite").exists()


def test_nothing_is_made_where_no_class_was_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    assert main(["class", "report", "--all"]) == 2 and "no class is kept in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_no_lesson_is_called_as_these_commands_are() -> None:
    from lessonlib.cli.class_reports import WORDS
    from lessonlib.lesson.source import lesson_names

    assert not any(name in WORDS or name[3:] in WORDS for name in lesson_names())
