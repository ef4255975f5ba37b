"""Three phones and the hall's screen through a class on the real server: every phase, lost answers, a dead server, sleep."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Response, Route, expect

from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import DEFAULT_LAB, load_lab
from tests.browser.hall import HALL, Hall, choose, hall, headline, lines, panel
from tests.browser.harness import Watch

CHOICE, NUMBER, CURVE, BLANKS, COLD = "what-decode-reads", "decode-ceiling", "draw-throughput", "from-memory", "cold"
#: of all that a page asks for until its question stands there, compressed; and of a vote with its headers
MOST_PAGE, MOST_VOTE = 30_000, 1_000
SENT = "No connection. What you typed stays, and this page comes back by itself."
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What a browser says by itself of an answer that a test took away.
LOST = ("Failed to load resource", "net::ERR_")

OpenHall = Callable[..., Hall]


@pytest.fixture
def open_hall(browser: Browser, watch: Watch, tmp_path: Path) -> Iterator[OpenHall]:
    """A class of lesson 1, or of another lesson."""
    with ExitStack() as opened:
        yield lambda lesson="01": opened.enter_context(hall(lesson, tmp_path, browser, watch))


def findings(page: Page) -> list[str]:
    """What axe-core finds, of any weight; a table among the words of a lesson may have an empty corner."""
    found = [rule for rule in Axe().run(page).response["violations"] if rule["id"] != "empty-table-header"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def sound(*pages: Page) -> None:
    """Nothing sideways, nothing for axe-core, no button that a class has no use for, nothing that moves."""
    for page in pages:
        assert findings(page) == []
        assert page.evaluate(SIDEWAYS) == 0
        assert page.get_by_role("button", name="Reveal").count() == 0
        assert page.locator("button", has_text="Skip").count() + page.locator("button", has_text="Hint").count() == 0
        assert page.evaluate("() => document.getAnimations().length") == 0


def votes_of(hall: Hall, question: str = CHOICE) -> int:
    """Votes that count in the present round, as the instructor sees them."""
    state = hall.host()
    assert state["poll"]["question"] == question
    return int(state["count"])


def all_say(words: str, *pages: Page, load_again: bool = False) -> None:
    """Wait until each of them says this over all else; also after it was loaded again."""
    for page in pages:
        if load_again:
            page.reload()
        headline(page, words)


def joins_by_keyboard(phone: Page, code: str) -> None:
    """Type a code that is none, then the right one as one reads it from the wall."""
    phone.get_by_label("The code on the screen").press_sequentially("abc")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("alert")).to_contain_text("six letters and digits")
    phone.get_by_label("The code on the screen").fill(f"{code[:3]} {code[3:].lower()}")
    phone.keyboard.press("Enter")


def chooses_by_keyboard(phone: Page, place: int) -> None:
    """Choose an option and how sure, and commit, without a pointer."""
    phone.locator(".gp-option input").first.focus()
    for key in ("Space", *["ArrowDown"] * place, "Tab", "Space", "Tab", "Enter"):
        phone.keyboard.press(key)


class Room:
    """Three phones and the screen of a class on one question, and the places of its answers: the true one, two others."""

    def __init__(self, hall: Hall, theme: str) -> None:
        self.hall, self.theme = hall, theme
        question = Lesson("01-prefill-vs-decode", load_lab(DEFAULT_LAB)).items[CHOICE].step.question
        self.keys = [option["key"] for option in question.ask()["options"]]
        self.right = self.keys.index(question.right())
        self.wrong, self.other = (place for place in range(3) if place != self.right)
        self.screen = hall.screen(theme=theme)
        self.one, self.two = hall.phone(theme=theme), hall.page("", theme=theme)

    def comes_in(self) -> None:
        """By the QR code's address, and by typing the code."""
        expect(self.screen.locator(".cl-code-large")).to_have_text(f"{self.hall.code[:3]} {self.hall.code[3:]}")
        assert self.screen.get_by_role("img", name="QR code").evaluate("node => node.naturalWidth") > 0
        headline(self.screen, "Welcome")
        joins_by_keyboard(self.two, self.hall.code)
        all_say("You are in", self.one, self.two)
        sound(self.one, self.two, self.screen)

    def votes_first(self) -> None:
        """A certain wrong answer that is changed, and another by keyboard; the crowd's."""
        one, two, screen, hall = self.one, self.two, self.screen, self.hall
        hall.steer("open", question=CHOICE)
        all_say("Your answer", one, two)
        headline(screen, "Answer alone")
        sound(one, screen)
        choose(one, self.wrong, sure=2)
        chooses_by_keyboard(two, self.other)
        all_say("Kept", one, two)
        hall.vote(CHOICE, [self.keys[self.wrong], self.keys[self.right]])
        expect(screen.locator(".cl-count")).to_have_text("8 of 8 answered")
        sound(one)
        one.get_by_role("button", name="Change my answer").click()
        headline(one, "Kept")  # the first answer still counts
        choose(one, self.other)
        expect(panel(one).locator(".gp-is-guess")).to_contain_text("fairly sure")
        assert votes_of(hall) == 8

    def talks(self) -> None:
        """Closed, and discussed; nobody sees a share."""
        self.hall.steer("close")
        all_say("The vote is closed", self.one, self.two, self.screen)
        self.hall.steer("discuss")
        all_say("Talk to your neighbour: convince them", self.two)
        all_say("Talk to your neighbour: convince them", self.one, self.screen, load_again=True)
        assert not any("%" in page.locator("main").inner_text() for page in (self.one, self.screen))
        sound(self.one, self.screen)

    def votes_again(self) -> None:
        """With the own first answer in sight; a phone that comes late; a pause."""
        one, two, hall = self.one, self.two, self.hall
        hall.steer("open2")
        all_say("Answer once more", one, two)
        expect(one.locator(".cl-before")).to_contain_text("your first answer")
        self.late = late = hall.phone(theme=self.theme)
        headline(late, "Answer once more")
        assert late.locator(".cl-before").count() == 0
        sound(one, late, self.screen)
        choose(one, self.wrong, sure=2)
        choose(two, self.right)
        all_say("Kept", one, two)
        hall.steer("pause")
        headline(one, "Pause")
        assert one.get_by_role("button", name="Change my answer").count() == 0
        sound(one, self.screen)
        hall.steer("resume")
        headline(one, "Kept")
        hall.vote(CHOICE, [self.keys[self.right]], round_=2)
        hall.steer("close")
        headline(late, "The vote is closed")
        expect(late.locator("main")).to_contain_text("You gave no answer")

    def sees_the_shares(self) -> None:
        """Of both rounds, and no truth yet."""
        one, late, screen = self.one, self.late, self.screen
        self.hall.steer("show")
        all_say("How the room answered", one, late)
        headline(screen, "How you voted")
        for page in (one, late, screen):
            most = page.locator(".cl-option", has=page.locator(".cl-second .cl-percent", has_text="88 %"))
            expect(most).to_have_count(1)
            assert page.get_by_text("the truth").count() == 0
        sound(one, late, screen)
        for mine in ("you, first", "you, then"):
            expect(one.locator(".cl-option", has_text=mine)).to_have_count(1)

    def sees_the_truth(self) -> None:
        """Each phone its own result; who gave no answer the truth alone."""
        one, two, late, screen = self.one, self.two, self.late, self.screen
        self.hall.steer("reveal")
        all_say("The answer", one, two, late, screen)
        expect(panel(one).locator(".gp-headline")).to_have_text("Not this one")
        expect(panel(one).locator(".ll-refutation")).to_contain_text("Where it fails")
        expect(panel(two).locator(".gp-headline")).to_have_text("Right")
        expect(panel(late).get_by_text("the truth")).to_be_visible()
        expect(screen.get_by_text("the truth")).to_be_visible()
        assert late.locator(".gp-headline").count() + late.get_by_text("skipped", exact=False).count() == 0
        assert screen.locator("code, pre").count() == 0
        sound(one, two, late, screen)
        all_say("The answer", one, late, screen, load_again=True)
        expect(panel(one).locator(".gp-headline")).to_have_text("Not this one")

    def ends(self) -> None:
        """The class is over; taken up again, it goes on by itself."""
        self.hall.server.stop()
        all_say("The class is over", self.one, self.two, self.late, self.screen)
        sound(self.one, self.screen)
        self.hall.start()
        all_say("The answer", self.one, self.screen)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_three_phones_and_the_screen_through_two_rounds(open_hall: OpenHall, watch: Watch, theme: str) -> None:
    room = Room(open_hall(), theme)
    room.comes_in()
    room.votes_first()
    room.talks()
    room.votes_again()
    room.sees_the_shares()
    room.sees_the_truth()
    room.ends()
    assert [line for line in watch.errors if not line.startswith(LOST)] == []


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (CHOICE, "choice"),
        (NUMBER, "number"),
        (CURVE, "curve"),
        (BLANKS, "blanks"),
        (COLD, "explain"),
        ("place-a-matrix", "place"),
    ],
)
def test_a_phone_takes_in_little_and_a_vote_is_small(open_hall: OpenHall, question: str, kind: str) -> None:
    hall = open_hall("03" if kind == "place" else "01")
    hall.steer("open", question=question)
    page = hall.page(None)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks what it calls
    page.goto(hall.url + hall.code)
    headline(page, "In pairs" if kind == "explain" else "Your answer")
    if kind != "explain":
        panel(page).and_(page.locator(f'[data-kind="{kind}"]')).wait_for()
    page.wait_for_load_state()
    streams = [answer for answer in answers if answer.url.endswith("/events")]
    others = [answer for answer in answers if answer not in streams]
    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in others}
    state = json.dumps(hall.host()["ask"]).encode()
    assert sum(sizes.values()) + len(streams) * len(gzip.compress(state)) <= MOST_PAGE, sizes
    assert all(
        answer.headers.get("content-encoding") == "gzip" for answer in others if answer.url.endswith((".js", ".css"))
    )
    if kind not in ("choice", "curve"):
        return
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108
    if kind == "curve":
        for handle in panel(page).get_by_role("slider").all():
            handle.press("PageUp")
        panel(page).get_by_role("group", name="How sure are you?").locator("label").first.click()
        panel(page).get_by_role("button", name="Commit").click()
    else:
        choose(page, 0)
    headline(page, "Kept")
    assert [request.method for request in asked if "shares.js" not in request.url] == ["PUT"], "one request for a vote"
    size = asked[0].sizes()
    assert size["requestBodySize"] + size["requestHeadersSize"] <= MOST_VOTE, size


def test_a_vote_whose_answer_is_lost_is_sent_again_under_its_key(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.post_data_json["key"])
        if len(keys) > 2:
            return route.continue_()
        route.fetch()  # the class has it, and its answer does not come
        return route.abort()

    phone.route("**/vote", lose)
    choose(phone, 0)
    expect(panel(phone).locator(".gp-at-problem")).to_contain_text("Not sent yet")
    headline(phone, "Kept")
    assert len(keys) == 3 and len(set(keys)) == 1
    assert votes_of(hall) == 1


def test_a_vote_that_was_kept_and_not_acknowledged_stands_after_the_close(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()
    open_again = []

    def lose(route: Route) -> None:
        if open_again:
            return route.continue_()
        route.fetch()
        return route.abort()

    phone.route("**/vote", lose)
    choose(phone, 0)
    expect(panel(phone).locator(".gp-at-problem")).to_contain_text("Not sent yet")
    hall.steer("close")
    headline(phone, "The vote is closed")
    open_again.append(True)
    expect(panel(phone).locator(".gp-is-guess")).to_have_count(1)
    assert votes_of(hall) == 1


def test_a_vote_that_comes_too_late_says_so(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()

    def hold(route: Route) -> None:
        hall.steer("close")
        route.continue_()

    phone.route("**/vote", hold)
    choose(phone, 0)
    headline(phone, "The vote is closed")
    expect(phone.locator("main")).to_contain_text("The vote is closed.")
    expect(phone.locator(".gp-is-guess")).to_have_count(0)
    assert votes_of(hall) == 0


def test_a_phone_that_loses_the_network_in_mid_vote_sends_it_when_it_is_back(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()
    phone.context.set_offline(True)
    expect(phone.locator("#link")).to_have_text(SENT)
    choose(phone, 1)
    expect(panel(phone).locator(".gp-at-problem")).to_contain_text("Not sent yet")
    assert phone.locator(".gp-option :checked").count() == 1
    assert findings(phone) == []
    phone.context.set_offline(False)
    headline(phone, "Kept")
    expect(phone.locator("#link")).to_have_text("")
    assert votes_of(hall) == 1


def test_a_page_thrown_away_in_mid_vote_sends_it_again_when_it_is_back(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()
    phone.route("**/vote", lambda route: route.abort())
    choose(phone, 0)
    expect(panel(phone).locator(".gp-at-problem")).to_contain_text("Not sent yet")
    phone.unroute("**/vote")
    phone.reload()
    headline(phone, "Kept")
    assert votes_of(hall) == 1


def test_a_server_that_is_killed_and_started_again_has_every_phone_and_every_vote_back(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phones, screen = [hall.phone() for _ in range(3)], hall.screen()
    choose(phones[0], 0)
    headline(phones[0], "Kept")
    hall.server.kill()
    for page in (*phones, screen):
        expect(page.locator("#link")).to_contain_text("No connection")
    choose(phones[1], 1)
    expect(panel(phones[1]).locator(".gp-at-problem")).to_contain_text("Not sent yet")
    assert findings(phones[1]) == []
    hall.start()
    for phone in phones[:2]:
        headline(phone, "Kept")
    for page in (*phones, screen):
        expect(page.locator("#link")).to_have_text("")
    expect(screen.locator(".cl-count")).to_contain_text("2 of 9")
    assert votes_of(hall) == 2
    hall.steer("close")
    for page in (*phones, screen):
        headline(page, "The vote is closed")


def test_a_stream_that_is_open_and_dead_is_opened_anew(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.page(None)
    phone.clock.install()
    phone.goto(hall.url + hall.code)
    headline(phone, "Your answer")
    with hall.silent():
        phone.clock.fast_forward(30_000)
        expect(phone.locator("#link")).to_have_text("")
        phone.clock.fast_forward(20_000)
        expect(phone.locator("#link")).to_have_text(SENT)
    phone.clock.fast_forward(20_000)
    expect(phone.locator("#link")).to_have_text("")
    hall.steer("close")
    headline(phone, "The vote is closed")


@pytest.mark.parametrize(
    ("where", "event"), [("document", "visibilitychange"), ("window", "pageshow"), ("window", "online")]
)
def test_a_phone_that_wakes_up_opens_its_stream_and_asks_for_the_whole_state(
    open_hall: OpenHall, where: str, event: str
) -> None:
    hall = open_hall()
    phone = hall.page(None)
    phone.clock.install()
    phone.goto(hall.url + hall.code)
    headline(phone, "You are in")
    phone.clock.fast_forward(5_000)
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    with phone.expect_response("**/state"):
        phone.evaluate(f"() => {where}.dispatchEvent(new Event('{event}'))")
    assert sorted(asked) == ["events", "state"]


def test_what_was_typed_outlives_a_pause_and_whatever_others_do(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=NUMBER)
    phone = hall.phone()
    box = panel(phone).get_by_role("textbox").first
    box.fill("131")
    hall.steer("pause")
    headline(phone, "Pause")
    assert phone.locator(".gp-at-question").first.evaluate("node => node.inert")
    hall.phone()
    hall.steer("resume")
    headline(phone, "Your answer")
    expect(box).to_have_value("131")


def test_a_number_that_nobody_can_read_is_told_and_counts_nothing(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=NUMBER)
    phone = hall.phone()
    panel(phone).get_by_role("textbox").first.fill("12 bananas")
    panel(phone).locator(".gp-segment").first.click()
    panel(phone).get_by_role("button", name="Commit").click()
    expect(panel(phone).get_by_role("alert").first).not_to_be_empty()
    headline(phone, "Your answer")
    assert votes_of(hall, NUMBER) == 0


def test_what_voters_typed_is_text_on_every_page(open_hall: OpenHall, watch: Watch) -> None:
    hall = open_hall()
    hall.steer("open", question=BLANKS)
    ask = hall.host()["ask"]
    hostile = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    hall.vote(BLANKS, [[hostile] * (len(ask["ask"]["parts"]) - 1)], confidence=None)
    phone, screen = hall.phone(), hall.screen()
    hall.steer("close", "show")
    for page in (phone, screen):
        expect(page.get_by_text("<img src=x onerror").first).to_be_visible()
        assert page.locator("main img[src=x], main script").count() == 0 and "owned" not in page.title()
    assert watch.errors == []


def test_lines_are_those_of_the_journal_and_can_be_had_after_the_class(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()
    choose(phone, 0, sure=2)
    headline(phone, "Kept")
    for events in (("close", "show"), ("reveal",)):
        with phone.expect_response("**/me"):  # a copy, for the time without a server
            hall.steer(*events)
    headline(phone, "The answer")
    phone.get_by_text("Your data").click()

    def downloaded() -> list[dict[str, object]]:
        with phone.expect_download() as coming:
            phone.get_by_role("link", name="Download my lines").click()
        return lines(Path(coming.value.path()).read_text(encoding="utf-8"))

    found = downloaded()
    commit, reveal = found
    assert (commit["lesson"], commit["question"], commit["event"]) == ("01-prefill-vs-decode", CHOICE, "commit")
    assert (commit["confidence"], list(commit["guess"]), reveal["event"]) == (2, ["key"], "reveal")
    assert commit["hash"] == hall.host()["poll"]["hash"]
    hall.server.stop()
    headline(phone, "The class is over")
    assert [{**line, "time": ""} for line in downloaded()] == [{**line, "time": ""} for line in found]


def test_who_is_forgotten_is_out_and_their_votes_are_gone(open_hall: OpenHall) -> None:
    hall = open_hall()
    hall.steer("open", question=CHOICE)
    phone = hall.phone()
    choose(phone, 0)
    headline(phone, "Kept")
    assert votes_of(hall) == 1
    phone.get_by_text("Your data").click()
    phone.get_by_role("button", name="Forget me").click()
    assert findings(phone) == []
    phone.get_by_role("button", name="Keep me").click()
    phone.get_by_role("button", name="Forget me").click()
    phone.get_by_role("button", name="Yes, forget me").click()
    headline(phone, "You are forgotten")
    assert votes_of(hall) == 0
    phone.reload()
    headline(phone, "Join the class")
    assert findings(phone) == []


def test_an_old_code_is_told_in_one_line(open_hall: OpenHall) -> None:
    hall = open_hall()
    phone = hall.page("ABCDEF" if hall.code != "ABCDEF" else "BCDEFG")
    headline(phone, "Join the class")
    expect(phone.get_by_role("alert")).to_contain_text("No class here has this code")
    headline(hall.page("screen#ABCDEF", size=HALL), "No class here")


def test_a_cold_explanation_is_told_in_pairs_and_has_no_vote(open_hall: OpenHall) -> None:
    hall = open_hall()
    phone, screen = hall.phone(), hall.screen()
    hall.steer("open", question=COLD)
    headline(phone, "In pairs")
    headline(screen, "In pairs: explain it to each other")
    assert phone.locator("main :is(textarea, button)").count() == 0
    hall.steer("close", "show", "reveal")
    headline(phone, "The answer")
    expect(phone.locator(".gp-answer")).to_be_visible()
    expect(screen.locator(".gp-answer")).to_be_visible()
    sound(phone, screen)


@pytest.mark.parametrize("question", [CHOICE, NUMBER, CURVE])
def test_the_screen_fits_and_is_read_from_the_last_row(open_hall: OpenHall, question: str) -> None:
    """Of 720 rows, letters of a question take 28, which is 7 at a quarter of the size; where there is more to show, 24."""
    hall = open_hall()
    screen = hall.screen()
    hall.steer("open", question=question)
    ask = hall.host()["ask"]["ask"]
    guesses = {CHOICE: ["a", "b"], NUMBER: [{"text": "50"}, {"text": "131"}]}.get(question)
    hall.vote(question, guesses or [[ask["y_min"] * 20] * len(ask["x"])])
    for event, words, least in (
        ("", "Answer alone", 28),
        ("close", "The vote is closed", 28),
        ("show", "How you voted", 24),
        ("reveal", "The answer", 24),
    ):
        if event:
            hall.steer(event)
        headline(screen, words)
        for width, height in ((1920, 1080), (1024, 768), (1280, 720)):
            screen.set_viewport_size({"width": width, "height": height})
            screen.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert screen.evaluate("() => document.documentElement.scrollHeight - innerHeight") <= 0
            letters = screen.locator(".gp-at-stem").evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
            assert letters * 720 / min(height, width * 9 / 16) >= least, (words, width)
