"""The browser of the panel tests, for the fleet too."""

from __future__ import annotations

from tests.show.panel.conftest import page, shared_page

__all__ = ["page", "shared_page"]
