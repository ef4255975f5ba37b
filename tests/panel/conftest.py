"""One browser for all panel tests. Without a browser they are skipped, except in CI, where that is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")


def give_up(reason: str) -> None:
    """Skips, or fails where the browser tests must run."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI runs the browser tests")
    pytest.skip(reason)


@pytest.fixture(scope="package")  # not "session": another room of the tests may start its own playwright
def browser() -> Iterator[object]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        give_up("playwright is not installed")
    if not CHROMIUM.exists():
        give_up(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page.set_default_timeout(5000)
    yield page
    page.close()


@pytest.fixture
def page(shared_page):
    """A page that fails the test if a script error happened in it."""
    errors: list[str] = []
    note = lambda error: errors.append(str(error))  # noqa: E731 - one object to add and to remove
    shared_page.on("pageerror", note)
    yield shared_page
    shared_page.remove_listener("pageerror", note)
    assert not errors, f"script errors in the panel: {errors}"
