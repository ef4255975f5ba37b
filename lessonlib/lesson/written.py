"""Write: a function of the learner's own, from a config.json to a number, compared with the engine's, case by case.

The cell with the function stands open in the notebook and hands it over. A function that returns None is not written
yet, so a run without a person passes. What the engine says of a case is told only to who returned a number for it.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from lessonlib.base.errors import LessonlibError, close_matches
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.base.text import printable
from lessonlib.lesson.block import Block
from lessonlib.lesson.fingerprint import fingerprintable
from lessonlib.lesson.fragments import ID, LINE, NAME, TEXT, Schema, keyed, several
from lessonlib.lesson.guess import shorten
from lessonlib.lesson.judge import EXACT_WORKING, NumberVerdict, apart, judge_number, times
from lessonlib.lesson.views import CaseView, DrawnView, PanelKind, Tone, WriteView
from lessonlib.lesson.words import WordsError

Function = Callable[..., Any]

#: the event under which the journal keeps what a function returned
WROTE = "wrote"
#: a case of which the number is no further off than this is right
RIGHT = 1.01
#: characters of an error that fit on a line
_MOST = 160


@dataclass(frozen=True)
class Case:
    """One config.json that the function is called with. given: what it is called with beside it, by name."""

    title: str
    config: Mapping[str, Any]
    keys: Sequence[str]
    given: Mapping[str, Any]

    def call(self, function: Function) -> Any:
        """What ``function`` returns for it; it may change what it is given."""
        return function(copy.deepcopy(dict(self.config)), **copy.deepcopy(dict(self.given)))


@dataclass(frozen=True)
class Tried:
    """What came of one case: a value, or a fault in one line; neither if the function is not written yet."""

    value: float | None = None
    fault: str = ""


class Write(Block):
    """A function of your own, compared with the engine's case by case."""

    kind = "write"
    panel: ClassVar[PanelKind] = "write"
    changes = True
    keys: ClassVar[Mapping[str, Schema]] = {
        "concepts": several(ID),
        "stem": TEXT,
        "starter": TEXT,
        "engine": NAME,
        "cases": NAME,
        "unit": LINE,
        "slips": several(keyed({"working": NAME, "says": TEXT}, required=["working", "says"]), minItems=1),
        "because": TEXT,
    }
    optional = frozenset({"concepts", "unit", "slips", "because"})

    _function: Function | None = None
    _tried: tuple[Tried, ...] | None = None

    # --- what it is made of -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of the function in the starter."""
        return function_name(self.raw["starter"], self.where)

    @cached_property
    def cases(self) -> list[Case]:
        """The cases, as their working gives them for this lab."""
        name = self.raw["cases"]
        return [self._case(raw) for raw in self.lesson.words.number(name, self.where)]

    def _case(self, raw: Any) -> Case:
        try:
            return Case(str(raw["title"]), dict(raw["config"]), tuple(raw.get("keys", ())), dict(raw.get("given", {})))
        except (TypeError, KeyError, ValueError, AttributeError):
            raise WordsError(
                f"{self.where} cases: “{self.raw['cases']}” returns {shorten(repr(raw))}; return a list of {{'title': …, 'config': …}}"
            ) from None

    @cached_property
    def truths(self) -> list[Quantity]:
        """What the engine says of each case."""
        return self._values(self.raw["engine"], "engine")

    @cached_property
    def slips(self) -> list[tuple[str, list[Quantity]]]:
        """Each likely slip in plain words, with what it gives for each case."""
        return [
            (self.lesson.words.plain(raw["says"], f"{self.where} slips.says"), self._values(raw["working"], "slips"))
            for raw in self.raw.get("slips", ())
        ]

    def engine(self, *args: Any, **given: Any) -> Any:
        """The function that is compared with."""
        return self.lesson.code.function(self.raw["engine"])(*args, **given)

    def _values(self, name: str, part: str) -> list[Quantity]:
        function = self.lesson.code.function(name)
        found = []
        for case in self.cases:
            value = case.call(function)
            unit = value.unit if isinstance(value, Quantity) else self.raw.get("unit", "B")
            if not _is_number(value) or float(value) <= 0:
                raise WordsError(
                    f"{self.where} {part}: “{name}” returns {shorten(repr(value))} for {case.title}; return a number above zero"
                )
            found.append(Quantity(float(value), unit))
        return found

    # --- what the learner's function does -----------------------------------------------------------------

    @property
    def how(self) -> str:
        """How a function is handed over, in one line."""
        return f'Hand your function over, without calling it: lesson.write("{self.raw["id"]}", {self.name}).'

    def hand_over(self, function: Function | None) -> None:
        """Take the learner's function; it runs when the panel is drawn, so not while the item is closed."""
        self._function, self._tried = function, None

    @property
    def tried(self) -> tuple[Tried, ...]:
        """What came of each case; nothing yet if no function was handed over."""
        if self._function is None:
            return (Tried(),) * len(self.cases)
        if self._tried is None:
            self._tried = tuple(self._try(case, self._function) for case in self.cases)
            self._record()
        return self._tried

    def _try(self, case: Case, function: Function) -> Tried:
        try:
            value = case.call(function)
        except (Exception, SystemExit) as error:  # whatever a learner's function raises
            return Tried(fault=printable(fault_of(error, function, case)))
        if value is None:
            return Tried()
        if not _is_number(value):
            return Tried(fault=f"Returned {_a(value)}; return one number.")
        if not 0 < float(value) < math.inf:
            return Tried(fault=f"Returned {float(value):g}; return a number above zero.")
        return Tried(float(value))

    def _verdicts(self) -> list[NumberVerdict | None]:
        return [
            None if one.value is None else judge_number(one.value, float(truth))
            for one, truth in zip(self.tried, self.truths, strict=True)
        ]

    @property
    def right(self) -> bool:
        """Whether every case is within 1 %."""
        return all(verdict is not None and _right(verdict) for verdict in self._verdicts())

    # --- the learner's record ---------------------------------------------------------------------------

    def _address(self) -> dict[str, str]:
        asked = [self.kind, self.raw["stem"], fingerprintable([truth.value for truth in self.truths])]
        asked_hash = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
        return {"lesson": self.lesson.name, "question": self.raw["id"], "hash": asked_hash, "lab": self.lesson.lab.name}

    def _kept(self) -> list[Mapping[str, Any]]:
        return list(self.lesson.journal.records_of(self._address(), lambda event: event == WROTE))

    @property
    def finished(self) -> bool:
        """Whether the learner has had it within 1 %, now or before, by the record."""
        return self.right or any(record.get("right") is True for record in self._kept())

    def _record(self) -> None:
        """Keep what was returned, unless it is what the record holds last (a notebook is run again and again)."""
        tried = self._tried or ()
        if all(one.value is None for one in tried):
            return
        values = [None if one.value is None else rounded(one.value, 6) for one in tried]
        kept = self._kept()
        if kept and kept[-1].get("guess") == {"values": values}:
            return
        self.lesson.journal.append(
            {**self._address(), "event": WROTE, "guess": {"values": values}, "right": self.right}
        )

    # --- what a person sees --------------------------------------------------------------------------------

    def draw(self) -> DrawnView:
        """The stem, and what came of each case."""
        return {"html": self.lesson.words.html(self.raw["stem"], f"{self.where} stem"), "write": self._view()}

    def _view(self) -> WriteView:
        cases = [
            self._case_view(number, case, verdict)
            for number, (case, verdict) in enumerate(zip(self.cases, self._verdicts(), strict=True))
        ]
        tone, headline, summary = self._headline()
        return {"name": self.name, "tone": tone, "headline": headline, "summary": summary, "cases": cases}

    def _headline(self) -> tuple[Tone, str, str]:
        verdicts = self._verdicts()
        right, many = sum(verdict is not None and _right(verdict) for verdict in verdicts), len(verdicts)
        if right == many:
            because = (
                self.lesson.words.plain(self.raw["because"], f"{self.where} because") if "because" in self.raw else ""
            )
            return "right", "Within 1 % everywhere", because or "Your function and the engine agree."
        if all(one == Tried() for one in self.tried):
            before = " You had it within 1 % before." if self.finished else ""
            todo = "Change the cell above, then run it with Shift+Enter." if self._function else self.how
            return "plain", "Not written yet", f"{todo}{before}"
        if all(verdict is None for verdict in verdicts):
            return "off", "No number yet", "Change the cell above, then run it again."
        return (
            ("near" if right else "off"),
            f"{right} of {many} within 1 %",
            "Change the cell above, then run it again.",
        )

    def _case_view(self, number: int, case: Case, verdict: NumberVerdict | None) -> CaseView:
        tried, truth = self.tried[number], self.truths[number]
        view: CaseView = {
            "title": case.title,
            "lines": config_lines(case.config, case.keys),
            "config": json.dumps(case.config, indent=2, ensure_ascii=False, default=str),
            "given": [
                (name, f"{value:,}" if isinstance(value, int) else str(value)) for name, value in case.given.items()
            ],
            "tone": "plain",
            "yours": "",
            "engine": "",
            "factor": "",
            "note": tried.fault,
        }
        if tried.fault:
            view["tone"] = "off"
        if verdict is None or tried.value is None:
            return view
        off = apart(verdict.factor, 1)
        right = _right(verdict)
        view |= {
            "tone": "right" if right else "near" if verdict.tone in ("right", "near") else "off",
            "yours": Quantity(tried.value, truth.unit).show(4),
            "engine": truth.show(4),
            "factor": "within 1 %" if right else f"{times(off)} too {'high' if verdict.factor > 1 else 'low'}",
            "note": "" if right else self._slip(number, tried.value),
        }
        return view

    def _slip(self, number: int, value: float) -> str:
        """What it looks like, in one sentence; "" if no known slip gives this number."""
        truth = float(self.truths[number])
        found = [
            (apart(value, float(values[number])), says)
            for says, values in self.slips
            if apart(truth, float(values[number])) > RIGHT and apart(value, float(values[number])) <= EXACT_WORKING
        ]
        return f"This is what you get when {min(found)[1]}." if found else ""

    # --- sealed and stored -----------------------------------------------------------------------------------

    def parts(self) -> Mapping[str, Any]:
        """The stem, what the engine says, and the slips: whatever the learner's function does."""
        return {
            "stem": self.lesson.words.html(self.raw["stem"], f"{self.where} stem"),
            "engine": {case.title: str(truth) for case, truth in zip(self.cases, self.truths, strict=True)},
            "slips": {says: [str(value) for value in values] for says, values in self.slips},
        }

    def walk(self, every_slip: bool) -> None:
        """Answer as who knows would, after every slip if asked to. Raises LessonlibError for a slip that is told nothing."""
        for raw in self.raw.get("slips", ()) if every_slip else ():
            function = self.lesson.code.function(raw["working"])
            self.hand_over(function)
            told = [view["note"] for view in self._view()["cases"]]
            if self.right or not any(told):
                raise LessonlibError(
                    f"{self.where}: the slip “{raw['working']}” is judged right or told nothing on lab {self.lesson.lab.name}"
                )
        self.hand_over(self.engine)


def function_name(starter: str, where: str) -> str:
    """The name of the one function that ``starter`` defines."""
    try:
        names = [node.name for node in ast.parse(starter).body if isinstance(node, ast.FunctionDef)]
    except SyntaxError as error:
        raise WordsError(f"{where} starter: line {error.lineno}: {error.msg}") from None
    if len(names) != 1:
        raise WordsError(f"{where} starter: it defines {len(names)} functions; the learner hands over one")
    return names[0]


def fault_of(error: BaseException, function: Function, case: Case) -> str:
    """What went wrong in a learner's function, in one line, with the line of their cell."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    if not lines and isinstance(error, TypeError):
        called = ", ".join(["config", *(f"{name}=…" for name in case.given)])
        return f"{shorten(str(error), _MOST)}; it is called with ({called})."
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, KeyError) and error.args:
        key = str(error.args[0])
        near = close_matches(key, [str(name) for name in case.config])
        said = f"config has no key “{key}”" + (f"; did you mean “{near[0]}”?" if near else "")
    return (f"Line {lines[-1]}: " if lines else "") + shorten(said, _MOST)


def config_lines(config: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The lines of config.json that stand under ``keys``, as they stand there; all of it without keys."""
    chosen = {key: config[key] for key in keys if key in config} if keys else dict(config)
    text = json.dumps(chosen, indent=2, ensure_ascii=False, default=str)
    return "\n".join(line[2:] for line in text.split("\n")[1:-1])


def _right(verdict: NumberVerdict) -> bool:
    return apart(verdict.factor, 1) <= RIGHT * (1 + 1e-12)


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, str, bytes)):
        return False
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _a(value: Any) -> str:
    """What kind of thing it is, with its article."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
