"""Hypothesis looks at the same examples every time, and a busy machine makes no test fail."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")
