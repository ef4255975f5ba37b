"""A class on a real server in a process of its own: the instructor, phones, and voters without a page who fill the hall."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.harness import Watch
from tests.classroom.served import Server, serving

CROWD = 6  # fewer answers than five have no shares
PHONE, HALL = {"width": 360, "height": 740}, {"width": 1280, "height": 720}


class Hall:
    """`lessonlib class LESSON`. ``url`` ends in a slash; it and the code stay when the server is started again."""

    def __init__(self, lesson: str, folder: Path, browser: Browser, watch: Watch) -> None:
        self.lesson, self.folder, self.browser, self.watch = lesson, folder, browser, watch
        self.code, self.url = "", ""
        self._pages: list[BrowserContext] = []
        self._running = ExitStack()
        self.server: Server
        self.start()
        self.crowd = [self._joined() for _ in range(CROWD)]

    # --- the server ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it; after it ended, on the same port with the same class."""
        again = (
            ["--port", self.url.rstrip("/").rpartition(":")[2], "--code", self.code] if self.code else ["--port", "0"]
        )
        self.server = self._running.enter_context(serving(self.folder, *again, lesson=self.lesson))
        self.url, self.code = self.server.url, self.server.file["code"]
        if hasattr(self, "client"):
            self.client.close()
        bearer = {"Authorization": f"Bearer {self.server.file['token']}"}
        self.client = httpx.Client(base_url=self.url, headers=bearer, timeout=30)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """The server is there and says nothing, and no connection ends."""
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End everything."""
        for context in self._pages:
            context.close()
        for voter in (*self.crowd, self.client):
            voter.close()
        self._running.close()

    # --- the instructor ---------------------------------------------------------------------------------------

    def host(self) -> Any:
        """What the instructor sees."""
        return self.client.get("host").raise_for_status().json()

    def steer(self, *events: str, question: str | None = None) -> None:
        """The instructor's next events, the first of them for this question."""
        for event in events:
            sent = {"event": event, "seq": self.host()["seq"], **({} if question is None else {"question": question})}
            answer = self.client.post("host", json=sent)
            assert answer.status_code == 200, answer.text
            question = None

    # --- voters -----------------------------------------------------------------------------------------------

    def _joined(self) -> httpx.Client:
        voter = httpx.Client(base_url=self.url, timeout=30)
        voter.post("join", json={"code": self.code}).raise_for_status()
        return voter

    def vote(self, question: str, guesses: list[Any], round_: int = 1, confidence: int | None = 1) -> None:
        """Each of the crowd sends one of these, over and over from the first."""
        for place, voter in enumerate(self.crowd):
            sent = {"key": secrets.token_hex(8), "guess": guesses[place % len(guesses)], "confidence": confidence}
            answer = voter.put(f"polls/{question}/rounds/{round_}/vote", json=sent)
            assert answer.status_code == 200, answer.text

    # --- pages ------------------------------------------------------------------------------------------------

    def page(self, address: str | None, size: dict[str, int] = PHONE, theme: str = "light") -> Page:
        """A browser of its own at an address below ``url``; None: nowhere yet."""
        context = self.browser.new_context(
            viewport=size, color_scheme=theme, reduced_motion="reduce", accept_downloads=True
        )
        context.set_default_timeout(60_000)
        self._pages.append(context)
        page = context.new_page()
        self.watch.follow(page)
        if address is not None:
            page.goto(self.url + address)
        return page

    def phone(self, **how: Any) -> Page:
        """A phone that followed the QR code, and is in."""
        page = self.page(self.code, **how)
        page.locator("#joined", has_text="here").wait_for()
        return page

    def screen(self, **how: Any) -> Page:
        """What the projector shows."""
        return self.page(f"screen#{self.code}", **{"size": HALL, **how})


@contextmanager
def hall(lesson: str, folder: Path, browser: Browser, watch: Watch) -> Iterator[Hall]:
    """A class for as long as this lasts."""
    opened = Hall(lesson, folder, browser, watch)
    try:
        yield opened
    finally:
        opened.close()


def headline(page: Page, words: str) -> None:
    """Wait until a phone or the screen says this over all else."""
    expect(page.locator("main :is(h1, h2)").first).to_have_text(words)


def panel(page: Page) -> Locator:
    """The panel of the question on a phone."""
    return page.locator("main [data-lesson-id]")


def choose(page: Page, place: int, sure: int = 1) -> None:
    """Tap an option and how sure, and commit."""
    panel(page).locator(".gp-option").nth(place).click()
    panel(page).get_by_role("group", name="How sure are you?").locator("label").nth(sure).click()
    panel(page).get_by_role("button", name="Commit").click()


def lines(text: str) -> list[dict[str, Any]]:
    """JSON lines, read."""
    return [json.loads(line) for line in text.splitlines()]
