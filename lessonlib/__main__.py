"""`python -m lessonlib`, and the command `lessonlib`."""

from __future__ import annotations

from lessonlib.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
