"""The trial Hub as `make hub` starts it: an instructor and three learners with servers of their own, and one class through it all."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from lessonlib.classroom.events import BEAT_S
from tests.deploy.hub_trial import Person, Trial, running

QUESTION, LEARNERS = "what-decode-reads", ("ada", "ben", "cleo")
OPENED = """
import lessonlib, time
lesson = lessonlib.open_lesson("01-prefill-vs-decode")
panel = lesson.predict("what-decode-reads")
def until(true):
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, panel.class_bar
        time.sleep(0.05)
"""
STEER = """
panel.handle({{"event": "class", "do": "{do}"}})
until(lambda: panel.class_bar.get("here") and panel.class_bar.get("line") == "{line}")
print(panel.class_bar["detail"])
"""


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with running(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture(scope="module")
def resting(trial: Trial) -> Iterator[tuple[Future[Any], Future[float]]]:
    """A connection that rests and a stream without news, begun while servers start."""
    with ThreadPoolExecutor(2) as pool:
        yield pool.submit(_rest, trial), pool.submit(_beat, trial)


@pytest.fixture(scope="module")
def people(trial: Trial, resting: object) -> Iterator[dict[str, Person]]:
    """The instructor and the learners, whose servers were started at once."""
    found = {"teacher": Person(trial, "teacher").log_in("teacher-")}
    found |= {name: Person(trial, name).log_in() for name in LEARNERS}
    try:
        for person in found.values():
            person.begin_server()
        with ThreadPoolExecutor(len(found)) as pool:
            list(pool.map(Person.wait_for_server, found.values()))
        found["phone"] = Person(trial, "somebody without a login")
        yield found
    finally:
        for person in found.values():
            person.browser.close()


@pytest.fixture(scope="module")
def host(people: dict[str, Person]) -> Person:
    """The instructor, whose notebook leads the class."""
    teacher = people["teacher"]
    teacher.run(OPENED + 'until(lambda: panel.class_bar.get("buttons"))')
    return teacher


def token_of(person: Person) -> str:
    return person.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").strip()


def test_learners_have_the_course_and_a_journal_of_their_own(trial: Trial, people: dict[str, Person]) -> None:
    for name in LEARNERS:
        listed = people[name].browser.get(f"{people[name].own}/api/contents/?content=1").json()["content"]
        assert "00-start-here.ipynb" in {each["name"] for each in listed}
    people["ada"].run(OPENED + 'panel.handle({"event": "commit", "guess": "none", "confidence": 0})')
    kept = sorted(path.relative_to(trial.state).as_posix() for path in trial.state.glob("learners/*/journal.jsonl"))
    assert kept in ([], ["learners/ada/journal.jsonl"])
    for name in LEARNERS:
        said = people[name].run("import lessonlib.record.keeping as k; print(k.journal_path())").strip()
        assert said == str(trial.state / "learners" / name / "journal.jsonl")


def test_one_class(trial: Trial, people: dict[str, Person], host: Person) -> None:
    """The instructor steers by their notebook. Learners vote by Hub login, by code in their notebook, and on a phone."""
    ada, ben = people["ada"], people["ben"]
    landed = ada.browser.get(f"{trial.class_url}/login")
    assert str(landed.url) == f"{trial.class_url}/{trial.code}" and landed.status_code == 200
    ada.browser.get(f"{trial.class_url}/login")  # again: the same voter
    said = ben.run(OPENED + f'print(lesson.join("{trial.code}"))')
    assert said.startswith(f"You are in the class {trial.code}."), said
    phone = people["phone"]
    assert phone.browser.post(f"{trial.class_url}/join", json={"code": trial.code}).status_code == 200
    assert host.run(STEER.format(do="next", line="The class is here")).strip() == "3 here"
    host.run(STEER.format(do="open", line="First vote is open"))
    ask = ada.browser.get(f"{trial.class_url}/state").json()["ask"]["ask"]
    keys = [option["key"] for option in ask["options"]]
    assert ada.vote(QUESTION, keys[0]).status_code == 200
    assert phone.vote(QUESTION, keys[1]).status_code == 200
    ben.run(
        'until(lambda: panel.class_bar.get("line", "").startswith("First vote"))\n'
        f'panel.handle({{"event": "commit", "guess": "{keys[0]}", "confidence": 1}})\n'
        'until(lambda: panel.class_bar["line"].startswith("Your vote is counted"))'
    )
    host.run('until(lambda: panel.class_bar["detail"] == "3 of 3 voted")')
    host.run(STEER.format(do="close", line="First vote is closed"))
    assert ada.vote(QUESTION, keys[1]).status_code == 409
    host.run(STEER.format(do="show", line="The votes are shown"))
    host.run(STEER.format(do="reveal", line="Revealed"))
    assert ada.browser.get(f"{trial.class_url}/state").json()["mine"]["view"]["result"]


def test_a_learner_does_not_lead(trial: Trial, people: dict[str, Person], host: Person) -> None:
    cleo = people["cleo"]
    bearer = {"Authorization": f"Bearer {token_of(cleo)}"}
    for path in ("host", "report", "export.json"):
        assert httpx.get(f"{trial.class_url}/{path}", headers=bearer).status_code == 403
    sent = {"event": "open", "seq": 1}
    assert httpx.post(f"{trial.class_url}/host", headers=bearer, json=sent).status_code == 403
    assert httpx.post(f"{trial.class_url}/host", headers={"Authorization": "Bearer x"}, json=sent).status_code == 403
    cleo.browser.get(f"{trial.class_url}/login")
    assert str(cleo.browser.get(f"{trial.class_url}/lead").url).endswith(trial.code)
    assert cleo.browser.get(f"{trial.class_url}/report", headers={"Sec-Fetch-Dest": "document"}).status_code == 401
    assert "LESSONLIB_CLASS_LEAD" not in cleo.run("import os; print(sorted(os.environ))")


def test_the_instructors_page_and_report(trial: Trial, people: dict[str, Person], host: Person) -> None:
    """By cookie alone nothing can be steered, nor the report be read by a script."""
    browser = people["teacher"].browser
    page = browser.get(f"{trial.class_url}/login")
    assert str(page.url) == f"{trial.class_url}/lead" and trial.code in page.text
    assert browser.get(f"{trial.class_url}/report").status_code == 403
    for dest in ("empty", "iframe"):
        assert browser.get(f"{trial.class_url}/report", headers={"Sec-Fetch-Dest": dest}).status_code == 403
    report = browser.get(f"{trial.class_url}/report", headers={"Sec-Fetch-Dest": "document"})
    assert report.status_code == 200 and "sandbox" in report.headers["content-security-policy"]
    assert browser.post(f"{trial.class_url}/host", json={"event": "open", "seq": 1}).status_code == 401


def test_a_login_that_was_not_begun_here_is_refused(trial: Trial) -> None:
    with httpx.Client() as stranger:
        for query in ("", "?code=x", "?code=x&state=y"):
            assert stranger.get(f"{trial.class_url}/oauth_callback{query}").status_code == 403
        state = urlsplit(stranger.get(f"{trial.class_url}/login").headers["location"]).query.rpartition("state=")[2]
        made_up = stranger.get(f"{trial.class_url}/oauth_callback?code=made-up&state={state}")
        assert made_up.status_code == 403 and "problem" in made_up.json()


def test_connections_and_streams_outlast_the_proxys_patience(resting: tuple[Future[Any], Future[float]]) -> None:
    """By default the proxy closes a connection that rests for 5 s, in the very moment when a vote may come."""
    rested, beat = resting
    assert rested.result() == [(200, True), (200, True)]
    assert beat.result() < 1.5 * BEAT_S


def _rest(trial: Trial) -> list[tuple[int, bool]]:
    """Of two answers on one connection, 7 s apart: the status, and whether it still stood."""
    connection = http.client.HTTPConnection(urlsplit(trial.url).netloc, timeout=60)
    answers = []
    for rest_s in (0.0, 7.0):
        time.sleep(rest_s)
        connection.request("GET", "/services/class/screen")
        answer = connection.getresponse()
        answer.read()
        answers.append((answer.status, connection.sock is not None))
    connection.close()
    return answers


def _beat(trial: Trial) -> float:
    """Seconds until a stream through the proxy has had its state, and then a beat."""
    begun, names = time.monotonic(), []
    with httpx.stream("GET", f"{trial.class_url}/events?screen={trial.code}", timeout=2 * BEAT_S) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            if "beat" in names:
                break
    assert names[0] == "screen"
    return time.monotonic() - begun


def test_it_says_that_it_is_a_trial(trial: Trial) -> None:
    assert "A TRIAL" in trial.said()
    assert (trial.state / "password").stat().st_mode & 0o077 == 0
    assert trial.state.stat().st_mode & 0o077 == 0
    assert Path(trial.state / "jupyterhub.sqlite").exists()
