"""One page for all tests of a file that look at panels, and one that may move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page


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


@pytest.fixture
def moving(browser: Browser) -> Iterator[Page]:
    """A page that may move, with a clock of the test's own."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="no-preference")
    page.clock.install(time=0)
    page.set_default_timeout(5000)
    yield page
    page.close()
