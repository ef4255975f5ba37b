"""A page that the course writes, opened from its file."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 26)"}


def assert_stands_alone(browser: Browser, path: Path, scheme: str, height: int = 720) -> None:
    """Its own style is let in, it asks for nothing, shuts nobody out, and fits a phone."""
    with browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": height}) as context:  # type: ignore[arg-type]
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == GROUNDS[scheme], "its own style is let in"
        found = Axe().run(page).response["violations"]
        assert [f"{each['id']}: {each['help']}" for each in found if each["impact"] in ("serious", "critical")] == []
        page.set_viewport_size({"width": 360, "height": 720})
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert said == [] and asked == [path.as_uri()], "nothing is asked for, nothing is refused"
