"""`python -m lessonlib`, and the command `lessonlib`."""

from __future__ import annotations

import signal


def main() -> int:
    """Run the command line. Until it is imported, Ctrl-C ends the process without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a shell told us to ignore it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lessonlib.cli.main import main as run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
