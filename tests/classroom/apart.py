"""An event loop in a thread of its own: the browser of other tests holds the one of the thread in which tests run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Apart:
    """Runs one coroutine after another in the same loop; between two of them nothing happens."""

    def __enter__(self) -> Self:
        self._thread, self._runner = ThreadPoolExecutor(1, thread_name_prefix="loop"), asyncio.Runner()
        return self

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What it returns, or raises."""
        return self._thread.submit(self._runner.run, coroutine).result()

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns, in a loop of its own."""
    with Apart() as loop:
        return loop.run(coroutine)
