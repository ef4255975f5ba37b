"""What holds for every test: no learner's journal, no mode from the caller's shell, one browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

# Before any test module is imported, and inherited by every kernel and command that a test starts.
os.environ["MPLBACKEND"] = "Agg"
for _name in ("LESSON_AUTO", "LESSON_LAB", "LESSONLIB_DATA", "JPY_SESSION_NAME"):
    os.environ.pop(_name, None)

# Hypothesis looks at the same examples every time, and a busy machine makes no test fail. A mutation run asks for a profile of
# its own, by --hypothesis-profile.
settings.register_profile("steady", parent=settings(), deadline=None, derandomize=True, database=None)
settings.load_profile("steady")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The resolver rule holds back whatever is not on this machine, also what Chromium itself would fetch;
# without the other flags it would ask for updates and time, over and over.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


_BEGAN = pytest.StashKey[float]()


def _processor_seconds() -> float:
    """Seconds of processor time of this process and of the children that it has waited for."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note what the test begins with, for :func:`pytest_runtest_makereport`."""
    item.stash[_BEGAN] = _processor_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the processor time of a test in the XML report, from which benchmarks/suite.py sums up the lessons."""
    if call.when == "call" and _BEGAN in item.stash:
        item.user_properties.append(("cpu_s", round(_processor_seconds() - item.stash[_BEGAN], 3)))
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile``, the tests of one lab stay together too."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.by_lab import ByLab

    return ByLab(config, log)


@pytest.fixture(scope="session", autouse=True)
def _journal_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test may read or write the journal of whoever runs it. The folder of the journal that they share."""
    folder = tmp_path_factory.mktemp("journal")
    os.environ["LESSON_JOURNAL"] = str(folder / "journal.jsonl")
    return folder


@pytest.fixture(autouse=True)
def _nothing_kept(_journal_elsewhere: Path) -> Iterator[None]:
    """What a test answered, or the lab that it chose, is not there for the next one."""
    yield
    for name in ("journal.jsonl", "settings.json"):
        (_journal_elsewhere / name).unlink(missing_ok=True)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[1]


def chromium_path() -> str | None:
    """The Chromium (or Chrome) of this machine: $CHROMIUM, or the first known name on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def running_browser() -> Iterator[Browser]:
    """A browser, started and closed: a second Playwright beside it in one process would refuse to start."""
    path = chromium_path()
    if path is None:
        reason = "no Chromium on the PATH (Debian and Ubuntu: apt install chromium; or name one in $CHROMIUM)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a file: while Playwright runs, asyncio refuses any other loop in this thread, and other files need theirs."""
    yield from running_browser()
