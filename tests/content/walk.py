"""A learner who runs all cells, then answers one item after another, while somebody listens for spoilers.

Everything that reaches the page is heard: the notebook's own text, the static output of each cell, the whole
synced state of every widget, every message. Whatever gives away something not yet revealed is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comm
from comm.base_comm import BaseComm

from lessonlib.build import notebooks as stage
from lessonlib.build.lint.secrets import Amount, Secret, Text, late_secrets, leaves, secrets
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.words import markdown
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.notebook import open_lesson
from lessonlib.show.panel import Panel
from lessonlib.show.scripts import LOADER, scripts_id

LOCKED = {"kind", "id", "title", "state", "locked"}
ASKED = {"kind", "id", "title", "state", "stem", "ask", "confidence", "hints", "problem", "skipped", "sealed"}
COMMITTED = ASKED | {"guess"}
REVEALED = COMMITTED | {"result", "observe", "working"}
#: (question, item that tells its number before): earned, because that item opens with an answer to the same thing.
#: Where memory holds few requests, the curve of step 8 ends at the batch that step 7 asked about.
#: A quiz asks from memory what an explorer or a table of its lesson holds, or meets a number of another meaning there:
#: on one lab, the moment of a picture's motion (22.5 % of its time).
EARNED = {
    ("draw-throughput", "eight-guests"),
    ("quiz-fine-tunes", "knobs"),
    ("quiz-twice-the-flops", "busy-bars"),
    ("quiz-eight-gpus", "my-kv"),
    ("quiz-window-chat", "your-lab"),
    # By chance, on one lab each: 100 FLOP/byte and the 100 % at which a curve begins; 7.2 experts and a share.
    ("full-of-short-ones", "draw-speed"),
    ("full-of-short-ones", "speed-plot"),
    ("quiz-four-bit-model", "mixture"),
    # Four pages of one size, of which that question asks with another.
    ("quiz-eight-bits", "ten-requests"),
}
#: Where the axis of a number's strip begins and ends: number.js draws from one to the other and prints neither, only round ticks.
#: What stands in an empty field is the same for every question.
#: A monitor draws its values as lines and its moments as places; what it says in words (the finding, alerts, the log) is heard.
#: So do the axis of a dot or a curve and the roof drawn under a dot: their ends are no numbers of the answer.
#: A timeline is drawn of whole numbers that are not printed, and a request's own times in the folded table answer no question; so with a fleet,
#: its replicas and its windows.
_NOT_PRINTED = re.compile(
    r"(.*\.)?(ask\.placeholder|[xy]_(min|max)|roofs?(\[\d+\])?\.[xy]\[\d+\])|(.*\.result\.|result\.)?(scale\[[01]\]|ticks\[\d+\]\[0\])"
    r"|(.*\.)?monitor\.(charts\[\d+\]\.(values\[\d+\]|compare\[\d+\]|most|alt)|times\[\d+\]|from_s|(log|marks|ticks)\[\d+\]\.at)"
    r"|(.*\.)?(timeline|fleet)\[\d+\]\.(drawn\..*|rows\[.*|windows\..*)"
)
#: the scripts and styles: the loader that each panel carries, and the hidden widget that holds them
_SAME_FOR_ALL = ("_esm", "scripts", "script", "style")

Messages = list[tuple[str, dict[str, Any]]]


@contextmanager
def overheard() -> Iterator[Messages]:
    """Every message that a widget sends to its page while this lasts, oldest first."""
    heard: Messages = []

    class Overheard(BaseComm):
        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
        ) -> None:
            assert not buffers, "a binary buffer would pass the listener by"
            heard.append((msg_type, data or {}))

    before, comm.create_comm = comm.create_comm, Overheard
    try:
        yield heard
    finally:
        comm.create_comm = before


class Walk:
    """``findings`` after :meth:`through` names each spoiler as lab, moment, place, and what was given away."""

    def __init__(self, name: str, lab: str, notebook: dict[str, Any] | None = None):
        self.name, self.lab = name, lab
        self.notebook = notebook or stage.build(name)
        self.findings: list[str] = []
        self._moment, self._known, self._messages = "run all", set[str](), list[tuple[str, dict[str, Any]]]()
        self._unsaid: dict[tuple[str, str], list[Secret]] = {}

    def through(self) -> list[str]:
        """Walk to the end."""
        with overheard() as self._messages:
            self.lesson = open_lesson(self.name, load_lab(self.lab), journal=Journal(None))
            self.items = self.lesson._lesson.items
            for item in self.asked:
                self._unsaid[item.id, "reveal"] = secrets(item)
                self._unsaid[item.id, "observe"] = late_secrets(item)
            self._run_all()
            sealed = self.lesson._lesson.sealed_together
            for item in self.asked:
                if item not in sealed:
                    self._commit(item)
                    self._reveal(item)
            for item in sealed:
                self._commit(item)
            for item in sealed if self.lesson._lesson.form else ():  # one form alone opens nothing
                self._send(item, "reveal", {"event": "reveal"})
                self._expect(item, COMMITTED)
                item.step.sealed = str
            for item in sealed:  # they open together, so what one tells was no secret of another any more
                self._reveal(item)
        return self.findings

    @property
    def asked(self) -> list[StepItem]:
        return [item for item in self.items.values() if isinstance(item, StepItem) and not item.only_kept]

    # --- what the learner does --------------------------------------------------------------------------

    def _run_all(self) -> None:
        self.panels: dict[str, Panel] = {}
        for cell in self.notebook["cells"]:
            source = "".join(cell["source"])
            self._hear(
                "a Markdown cell" if cell["cell_type"] == "markdown" else "a code cell",
                "",
                markdown(source) if cell["cell_type"] == "markdown" else source,
            )
        for item in self.items.values():
            # A function of one's own is not written yet when a notebook is run through.
            handed = [_not_written] if item.kind == "write" else []
            panel: Panel = getattr(self.lesson, item.kind)(item.id, *handed)
            self.panels[item.id] = panel
            for kind, text in panel._repr_mimebundle_()[0].items():
                if kind.startswith("text/"):
                    self._hear(f"{item.id} {kind}", item.id, text)
            assert {key: panel.get_state()[key] for key in ("_esm", "scripts")} == {
                "_esm": LOADER,
                "scripts": scripts_id(),
            }
            self._hear_all(item.id, panel.get_state())
        self._drain()

    def _commit(self, item: StepItem) -> None:
        question = item.step.question
        self._expect(item, ASKED)
        for number in range(len(question.hints())):
            self._send(item, f"hint {number + 1}", {"event": "hint"})
        self._expect(item, ASKED)
        mistakes = [given for _, given in question.mistakes()]
        given = (
            mistakes[0]
            if mistakes
            else ["?"] * len(question.raw["answers"])
            if question.kind == "blanks"
            else None
            if question.kind == "recall"
            else "?"
        )
        self._send(item, "commit", {"event": "commit", "guess": given, "confidence": 1 if question.sure else None})
        self._expect(item, COMMITTED)

    def _reveal(self, item: StepItem) -> None:
        question, together = item.step.question, self.lesson._lesson.sealed_together
        for each in together if item in together else [item]:
            self._unsaid.pop((each.id, "reveal"), None)
            if not each.step.question.raw.get("observe"):
                self._unsaid.pop((each.id, "observe"), None)
        self._send(item, "reveal", {"event": "reveal"})
        for name, other in [*question.mistakes(), ("right", question.right())]:
            self._hear_all(item.id, question.result(question.accept(other)), f"feedback on {name}")
        if question.raw.get("observe"):
            self._expect(item, REVEALED)
            observe = self.panels[item.id].view["observe"]
            assert set(observe) == {"ask", "options", "chosen"}, (
                f"{item.id}: the observe check gives away {set(observe)}"
            )
            self._unsaid.pop((item.id, "observe"))
            self._send(item, "observe", {"event": "observe", "choice": question.observe()["right"]})

    def _send(self, item: StepItem, what: str, event: dict[str, Any]) -> None:
        self._moment = f"{item.id}, {what}"
        panel = self.panels[item.id]
        panel.handle(event)
        assert not panel.view["problem"], f"{self._moment}: {panel.view['problem']}"
        for panel in self.panels.values():
            self._hear_all(panel.view["id"], panel.get_state())
        self._drain()

    def _expect(self, item: StepItem, keys: set[str]) -> None:
        # Where the record is kept says nothing of an answer.
        view = {key: value for key, value in self.panels[item.id].view.items() if key != "kept"}
        if set(view) - keys:
            self.findings.append(
                f"{self.lab}: {self._moment}: the view of {item.id} holds {sorted(set(view) - keys)} while {view['state']}"
            )

    # --- what is heard --------------------------------------------------------------------------------

    def _drain(self) -> None:
        for kind, data in self._messages:
            state = data.get("state", {})
            self._hear_all(state.get("view", {}).get("id", ""), data, kind)
        self._messages.clear()

    def _hear_all(self, owner: str, value: Any, where: str = "state") -> None:
        for path, text in leaves(value):
            if (
                path.rpartition(".")[2] not in _SAME_FOR_ALL
                and ".guess." not in path
                and not _NOT_PRINTED.fullmatch(path)
            ):
                self._hear(f"{owner} {where} {path}", owner, text)

    def _hear(self, where: str, owner: str, raw: str) -> None:
        if raw in self._known:
            return
        self._known.add(raw)
        text = Text(raw)
        for (asked, _), unsaid in self._unsaid.items():
            for secret in unsaid:
                shown_as_option = (
                    asked == owner and secret.what == "right option" and (".ask.options[" in where or "text/" in where)
                )
                earned = (asked, owner) in EARNED and isinstance(secret, Amount)
                if secret.told_by(text) and not shown_as_option and not earned:
                    self.findings.append(
                        f"{self.lab}: {self._moment}: {where} gives away {asked}: {secret} in “{_around(text)}”"
                    )


def _around(text: Text) -> str:
    return text.spoken if len(text.spoken) < 300 else text.spoken[:300] + "…"


def _not_written(*_: object, **__: object) -> None:
    """What the starter of a function of one's own returns."""
