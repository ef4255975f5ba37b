"""Python and the page agree: on the shapes of what they send each other, and on which script draws what."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

import pytest

from lessonlib.lesson import views as shapes
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.source import lesson_names
from lessonlib.show.scripts import panel_script
from lessonlib.show.typescript import FILES, declarations, fields
from tests.lesson.made_up import GUESS, KINDS, step
from tests.lesson.shipped import a_guess, opened
from tests.show.panel import views
from tests.show.scripts import deno, findings

QUESTIONS: dict[str, Any] = {
    "choice": shapes.ChoiceView,
    "number": shapes.NumberView,
    "curve": shapes.CurveView,
    "place": shapes.PlaceView,
    "blanks": shapes.BlanksView,
    "recall": shapes.RecallView,
    "explain": shapes.ExplainView,
    "note": shapes.NoteView,
    "closing": shapes.ClosingView,
}


def misfits(value: Any, hint: Any, path: str = "view") -> list[str]:
    """Where a value is not of the shape, as "path: what is wrong"."""
    several = get_args(hint) if get_origin(hint) is tuple else ()
    if several and (not isinstance(value, (tuple, list)) or len(value) != len(several)):
        return [f"{path}: {value!r} is no {len(several)} values"]
    return _misfits(value, hint, path)


def _misfits(value: Any, hint: Any, path: str) -> list[str]:
    origin, parts = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        if not isinstance(value, dict):
            return [f"{path}: not a mapping"]
        known = fields(hint)
        lost = [f"{path}.{key}: missing" for key, (_, must) in known.items() if must and key not in value]
        extra = [f"{path}.{key}: unknown" for key in value if key not in known]
        inner = [
            line
            for key, (kind, _) in known.items()
            if key in value
            for line in misfits(value[key], kind, f"{path}.{key}")
        ]
        return lost + extra + inner
    if hint is Any:
        return []
    if origin in (Union, UnionType):
        tried = [misfits(value, part, path) for part in parts]
        return [] if [] in tried else min(tried, key=len)
    if origin is Literal:
        return [] if value in parts else [f"{path}: {value!r} is none of {parts}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [line for index, part in enumerate(value) for line in misfits(part, parts[0], f"{path}[{index}]")]
    if origin is tuple:
        pairs = zip(value, parts, strict=True)
        return [line for index, pair in enumerate(pairs) for line in misfits(*pair, f"{path}[{index}]")]
    if origin is dict:
        return [line for key, part in value.items() for line in misfits(part, parts[1], f"{path}.{key}")]
    fits = isinstance(value, (int, float) if hint is float else hint) and (hint is bool or not isinstance(value, bool))
    return [] if fits or (hint is NoneType and value is None) else [f"{path}: {value!r} is no {hint.__name__}"]


def shape_of(view: Any) -> Any:
    """The class of a view."""
    return shapes.LockedView if view["state"] == "locked" else QUESTIONS.get(view["kind"], shapes.BlockView)


def test_a_misfit_is_found() -> None:
    view = step("number").view()
    assert misfits(view, shapes.NumberView) == []
    assert misfits({**view, "skipped": "no"}, shapes.NumberView) == ["view.skipped: 'no' is no bool"]
    assert misfits({**view, "truth": 1}, shapes.NumberView) == ["view.truth: unknown"]
    assert misfits({key: view[key] for key in view if key != "stem"}, shapes.NumberView) == ["view.stem: missing"]
    assert misfits(view, shapes.ChoiceView)


@pytest.mark.parametrize("how", ["answer", "right", "skip"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_question_in_every_state_has_its_shape(kind: str, how: str) -> None:
    made = step(kind)
    right = made.question.right() if how == "right" else GUESS[kind]
    events: list[dict[str, Any]] = [
        {"event": "hint"},
        {"event": "commit", "guess": "nonsense", "confidence": None},
        {"event": "skip"} if how == "skip" else {"event": "commit", "guess": right, "confidence": 1},
        {"event": "reveal"},
        {"event": "observe", "choice": "a"},
        {"event": "grade", "grade": "partly"},
    ]
    assert misfits(made.view(), QUESTIONS[kind]) == []
    for event in events:
        if kind == "note" and event["event"] == "skip":
            continue
        made.handle(event)
        assert misfits(made.view(), QUESTIONS[kind]) == [], event


@pytest.mark.parametrize("name", lesson_names()[:2])
def test_every_panel_of_a_lesson_has_its_shape(name: str) -> None:
    lesson = opened(name)
    for item in lesson.items.values():
        assert misfits(item.view(), shape_of(item.view())) == [], item.id
        if isinstance(item, StepItem) and not item.lock:
            for event in ({"event": "commit", "guess": a_guess(item), "confidence": 1}, {"event": "reveal"}):
                lesson.handle(item.id, event)
                assert misfits(item.view(), shape_of(item.view())) == [], item.id
    for item in lesson.items.values():
        assert misfits(item.view(), shape_of(item.view())) == [], item.id


@pytest.mark.parametrize("name", views.ALL)
def test_the_sample_views_have_their_shape(name: str) -> None:
    assert misfits(views.ALL[name], shape_of(views.ALL[name])) == []


def test_the_scripts_are_checked_against_the_same_shapes() -> None:
    for file, module in FILES.items():
        assert file.read_text(encoding="utf-8") == declarations(module), "run lessonlib.show.typescript.refresh()"


def test_each_kind_of_panel_has_a_script() -> None:
    script = panel_script()
    assert [kind for kind in get_args(shapes.PanelKind) if f"kinds.{kind} = " not in script] == []


@pytest.mark.skipif(deno() is None, reason="needs Deno")
def test_the_scripts_are_clean() -> None:
    assert findings(deno() or "") == []


@pytest.mark.skipif(deno() is None, reason="needs Deno")
def test_a_field_that_python_does_not_send_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from tests.show import scripts

    wrong = tmp_path / "wrong.js"
    wrong.write_text("/** @param {NumberView} view */\nconst nothing = (view) => view.result.verity;\nnothing(null);\n")
    files = [*scripts.script_files()[:-1], wrong, scripts.script_files()[-1]]
    monkeypatch.setattr(scripts, "script_files", lambda: files)
    (found,) = findings(deno() or "")
    assert found.startswith("js/wrong.js:2: TS") and "verity" in found
