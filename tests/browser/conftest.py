"""One JupyterLab and one Chromium for all tests here; a new page, kernel, journal and settings for each test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.harness import Notebook, OpenNotebook, Watch
from tests.browser.server import Server, running
from tests.conftest import running_browser

FAILED = pytest.StashKey[bool]()
PATIENCE_MS = 60_000  # a slow machine under load; a test that passes never waits this long


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all files here: its cache holds JupyterLab's scripts."""
    yield from running_browser()


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab on an empty folder, which takes copies of notebooks. After the browser: without one, none starts."""
    home = tmp_path_factory.mktemp("jupyter")
    root = home / "root"
    (root / "notebooks").mkdir(parents=True)
    with running(root, home) as started:
        yield started


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the page asks for and complains of. No test may ask for anything outside this machine."""
    noted = Watch()
    yield noted
    assert noted.outside == [], "requests that leave this machine"


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What all pages share: the cache, which holds JupyterLab's scripts, and the size of a projector."""
    with browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce") as shared:
        shared.set_default_timeout(PATIENCE_MS)
        yield shared


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave word on the test whether it failed, for its fixtures."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def page(context: BrowserContext, watch: Watch, request: pytest.FixtureRequest, repo: Path) -> Iterator[Page]:
    """A page of its own for each test; one that fails leaves a screenshot in test-artifacts/."""
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    watch.follow(page)
    yield page
    if request.node.stash.get(FAILED, False):
        name = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
        page.screenshot(path=repo / "test-artifacts" / f"{name}.png")
    page.close()


@pytest.fixture
def open_notebook(server: Server, page: Page, repo: Path) -> Iterator[OpenNotebook]:
    """Open a copy of a notebook: a path, or the name of one in notebooks/ such as "00-start-here"."""

    def open_copy(notebook: str | Path) -> Notebook:
        source = notebook if isinstance(notebook, Path) else repo / "notebooks" / f"{notebook}.ipynb"
        shutil.copy(source, server.root / "notebooks" / source.name)
        return Notebook(page, server, f"notebooks/{source.name}").open()

    for folder in (server.journal.parent, server.settings):
        shutil.rmtree(folder, ignore_errors=True)
    yield open_copy
    server.stop_kernels()
