"""The command line starts on the standard library alone."""

from __future__ import annotations

import subprocess
import sys

import pytest


def imported_by(code: str) -> set[str]:
    """Top-level packages outside the standard library that `code` imports, in a fresh Python."""
    show = "import sys; print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    # -S: no site-packages hooks, which would load packages of their own; the path comes by hand.
    paths = f"import sys; sys.path[:] = {sys.path!r}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{paths}; {code}; {show}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split()) - {"__main__", "__mp_main__"}


@pytest.mark.parametrize("code", ["import lessonlib", "import lessonlib.cli.main; lessonlib.cli.main.build_parser()"])
def test_nothing_heavy_is_imported(code: str) -> None:
    assert imported_by(code) == {"lessonlib"}
