"""One function over many tasks: on the cores of this machine, or on a Dask cluster that is there already; both through joblib.

Results come in whatever order they are done. The tasks may be a generator: it is asked for the next one only when somebody
is free to do it, so that it may look at what has come back so far.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.extras import require

Result = TypeVar("Result")
_ADDRESS = re.compile(r"(tcp|tls)://[^\s/@]+:[0-9]{1,5}")
#: How long a scheduler may take to answer, seconds.
_PATIENCE_S = 10.0


def results(
    function: Callable[..., Result], tasks: Iterable[tuple[Any, ...]], jobs: int | None = None, dask: str | None = None
) -> Generator[Result, None, None]:
    """`function(*task)` of every task, in whatever order they are done.

    jobs: processes at a time (None: as many as there are cores; 1: this process alone). dask: the address of a scheduler,
    tcp://host:port; its workers must have this package. Raises LessonlibError where no scheduler or worker answers. A
    caller that stops early, as after Ctrl-C, leaves no process of ours behind.
    """
    if dask is not None:
        yield from _on_cluster(function, tasks, dask)
    elif jobs == 1:
        yield from (function(*task) for task in tasks)
    else:
        yield from _here(function, tasks, jobs)


def cores() -> int:
    """Cores that this process may use."""
    from joblib import cpu_count

    return int(cpu_count())


def check_address(option: str, address: str) -> None:
    """Raise LessonlibError unless this is the address of a Dask scheduler, and Dask is installed."""
    if not _ADDRESS.fullmatch(address):
        raise LessonlibError(
            f"{option}: expected the address of a Dask scheduler such as tcp://10.0.0.5:8786, not {shown(address, 80)}"
        )
    require("distributed", "dask", "running on a Dask cluster")


def _deaf(function: Callable[..., Result], task: tuple[Any, ...]) -> Result:
    """The function, in a process that leaves Ctrl-C to the one that started it."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return function(*task)


def _here(function: Callable[..., Result], tasks: Iterable[tuple[Any, ...]], jobs: int | None) -> Iterator[Result]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    parallel = Parallel(
        n_jobs=jobs or -1, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs", verbose=0
    )
    running = parallel(delayed(_deaf)(function, task) for task in tasks)
    try:
        yield from _each(running)
    except BaseException:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
        raise


def _each(running: Generator[Result, None, None]) -> Iterator[Result]:
    """What comes back. Who stops early knows that tasks are under way, and need not be warned of it."""
    try:
        for result in running:  # noqa: UP028
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            running.close()


def _on_cluster(function: Callable[..., Result], tasks: Iterable[tuple[Any, ...]], address: str) -> Iterator[Result]:
    from joblib import Parallel, delayed, parallel_config

    check_address("--dask", address)
    with (
        _client(address) as client,
        parallel_config(backend="dask", client=client, wait_for_workers_timeout=_PATIENCE_S),
    ):
        try:
            parallel = Parallel(
                n_jobs=-1, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs", verbose=0
            )
            yield from _each(parallel(delayed(function)(*task) for task in tasks))
        except TimeoutError:
            raise LessonlibError(
                f"--dask {address}: the scheduler has no worker: start some with `dask worker {address}`"
            ) from None


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client of the scheduler at the address. Its own talk of lost connections is not for a terminal."""
    import logging

    from distributed import Client

    before = {name: logging.getLogger(name).level for name in ("distributed", "tornado.application")}
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        try:
            client = Client(address, timeout=_PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, RuntimeError) as error:
            why = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise LessonlibError(f"--dask {address}: no scheduler answers there: {why}") from None
        with client:
            yield client
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
