"""What a test does with a notebook in JupyterLab, in the words of a learner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket
from playwright.sync_api import TimeoutError as PatienceIsOver

LOCAL = {"127.0.0.1", "localhost"}
# Said by JupyterLab itself when a kernel restarts under its debugger; no panel has a part in it.
NOT_OURS = ("Could not restore the debugger state",)
# JupyterLab holds the promise of a command open until its dialog is answered; so tests only start it.
RUN = """([name, args]) => {
  window.lessonCommand = window.jupyterapp.commands.execute(name, args);
  window.lessonCommandIsOver = false;
  const over = () => { window.lessonCommandIsOver = true; };
  window.lessonCommand.then(over, over);
}"""
FINISHED = "() => window.lessonCommandIsOver"
OUTCOME = "async () => { await window.lessonCommand; }"  # raises what the command raised
FINISHED_WITHIN_MS = 300_000  # a lesson's cells on a slow machine under load
IDLE = """() => {
  const kernel = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel;
  return kernel?.connectionStatus === 'connected' && kernel?.status === 'idle';
}"""
# Of JupyterLab's layout: what scrolls, and the room that its menus and bars take around it, generously.
SCROLLED_HEIGHT = "() => document.querySelector('.jp-WindowedPanel-outer').scrollHeight"
AROUND = 250
# Its body is 0 px high and clips, so that axe-core takes all text for hidden and passes any contrast.
BODY_HEIGHT = "height => { document.body.style.height = document.documentElement.style.height = height; }"
CELL_OF = """(code) => window.jupyterapp.shell.currentWidget.content.widgets
  .findIndex(cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(code))"""


@dataclass
class Watch:
    """What went on behind a page. outside: addresses asked for that are not on this machine.
    errors: console errors and exceptions that no script caught.
    """

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Note whatever the page does from now on."""
        page.on("request", self._request)
        page.on("websocket", self._socket)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request: Request) -> None:
        self._address(request.url)

    def _socket(self, socket: WebSocket) -> None:
        self._address(socket.url)

    def _address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in LOCAL:
            self.outside.append(url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(NOT_OURS):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


class Lab(Protocol):
    """A JupyterLab whose app is in the page: LabApp.expose_app_in_browser."""

    def address(self, notebook: str) -> str:
        """Where a notebook opens with a fresh layout."""


class Notebook:
    """A notebook that is open in JupyterLab. `page` is there for everything else, the keyboard first."""

    def __init__(self, page: Page, server: Lab, name: str) -> None:
        self.page, self.server, self.name = page, server, name

    def open(self) -> Notebook:
        """Open it with a fresh layout, and wait for its kernel."""
        self.page.goto(self.server.address(self.name))
        return self.wait_for_kernel()

    def reload(self) -> Notebook:
        """Save, load the page again, and wait until the same kernel is back."""
        self.command("docmanager:save")
        self.page.reload()
        return self.wait_for_kernel()

    def wait_for_kernel(self) -> Notebook:
        """Wait until the kernel is connected and has nothing left to do."""
        self.page.wait_for_function(IDLE)
        return self

    def command(self, name: str, **args: object) -> None:
        """Run a JupyterLab command to its end."""
        self.page.evaluate(RUN, [name, args])
        self._finish(name)

    def _finish(self, name: str) -> None:
        """Wait for the end of a command; a dialog that nobody answers is told, not waited for without end."""
        try:
            self.page.wait_for_function(FINISHED, timeout=FINISHED_WITHIN_MS)
        except PatienceIsOver:
            asked = self.page.locator(".jp-Dialog").all_inner_texts()
            raise AssertionError(f"{name} does not end; dialogs that are open: {asked}") from None
        self.page.evaluate(OUTCOME)

    def run_all(self) -> Notebook:
        """Run All Cells; stops, as for a learner, at the first error."""
        self.command("notebook:run-all-cells")
        return self.wait_for_kernel()

    def restart(self, run_all: bool = False) -> Notebook:
        """Restart the kernel through the dialog, and run all cells if asked to."""
        name = "notebook:restart-run-all" if run_all else "notebook:restart-kernel"
        self.page.evaluate(RUN, [name, {}])
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self._finish(name)
        return self.wait_for_kernel()

    def theme(self, tone: str) -> Notebook:
        """Switch JupyterLab to "light" or "dark"."""
        self.command("apputils:change-theme", theme=f"JupyterLab {tone.title()}")
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(tone == "light").lower()
        )
        return self

    def panel(self, question: str) -> Locator:
        """The panel of a question, a text or a picture, by its id. There must be one of it."""
        return self.page.locator(f'.jp-Notebook [data-lesson-id="{question}"]')

    def wait_for_state(self, question: str, *states: str) -> Locator:
        """Wait until the panel of a question is in one of these states."""
        panel = self.panel(question)
        panel.and_(self.page.locator(", ".join(f'[data-state="{state}"]' for state in states))).wait_for()
        return panel

    def cell(self, code: str) -> Locator:
        """The first code cell whose source holds `code`, scrolled into view."""
        index = self.page.evaluate(CELL_OF, code)
        assert index >= 0, f"no code cell of {self.name} holds {code!r}"
        found = self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')
        found.scroll_into_view_if_needed()
        return found

    def cell_errors(self) -> list[str]:
        """The error outputs in the notebook: a traceback's last line each."""
        return [
            text.strip().splitlines()[-1]
            for text in self.page.locator(
                '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]'
            ).all_inner_texts()
        ]

    def accessibility_findings(self, selector: str) -> list[str]:
        """What axe-core calls serious or critical within `selector`: "rule: what is wrong (where)".

        The window grows until the whole notebook is on screen: axe-core skips the contrast of clipped text.
        """
        usual = self.page.viewport_size or {"width": 1280, "height": 720}
        self.page.set_viewport_size({**usual, "height": self.page.evaluate(SCROLLED_HEIGHT) + AROUND})
        self.page.evaluate(BODY_HEIGHT, "100%")
        found = Axe().run(self.page, context={"include": [[selector]]}).response["violations"]
        self.page.evaluate(BODY_HEIGHT, "")
        self.page.set_viewport_size(usual)
        return [
            f"{rule['id']}: {rule['help']} ({node['html'][:160]})"
            for rule in found
            if rule["impact"] in {"serious", "critical"}
            for node in rule["nodes"]
        ]


OpenNotebook = Callable[..., Notebook]
