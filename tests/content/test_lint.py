"""Every lesson passes the linter, and the linter sees each fault that it is there for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from lessonlib.build import notebooks as stage
from lessonlib.build.lint import lint as findings
from lessonlib.lesson.block import Block
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.show.blocks import BLOCKS
from tests.content.conftest import LESSON, on_every_lab, opened

Raw = dict[str, Any]


def lint(*args: Any) -> list[str]:
    """The findings without their lines and rules, and without what is only a warning yet."""
    return [f"{found.file}: {found.text}" for found in findings(*args) if not found.warning]


@pytest.mark.parametrize("name", lesson_names())
def test_a_shipped_lesson_has_no_finding(name: str) -> None:
    notebook = json.loads((stage.notebooks_dir() / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert lint(load_source(name), on_every_lab(name), notebook) == []


# --- faults that the YAML alone shows ---------------------------------------------------------------------


def body(raw: Raw, item_id: str) -> Raw:
    """The item with this id."""
    return next(
        found
        for entry in raw["steps"]
        for found in entry.values()
        if isinstance(found, dict) and found["id"] == item_id
    )


def without(test: Callable[[str, Raw], bool]) -> Callable[[Raw], None]:
    """Takes out every item for which ``test(kind, body)`` holds."""

    def change(raw: Raw) -> None:
        raw["steps"] = [
            entry
            for entry in raw["steps"]
            for kind, found in entry.items()
            if isinstance(found, str) or not test(kind, found)
        ]

    return change


def steps(raw: Raw) -> list[Raw]:
    return [
        found
        for entry in raw["steps"]
        for kind, found in entry.items()
        if kind == "predict" and not found.get("quiz") and not found.get("transfer")
    ]


def edit(item_id: str, *path: Any, value: Any = None) -> Callable[[Raw], None]:
    """Sets, or with no value takes out, what lies at ``path`` of an item."""

    def change(raw: Raw) -> None:
        here = body(raw, item_id)
        for key in path[:-1]:
            here = here[key]
        if value is None:
            del here[path[-1]]
        else:
            here[path[-1]] = value

    return change


def opening(text: str) -> Callable[[Raw], None]:
    return lambda raw: raw["steps"].__setitem__(0, {"text": text})


def only_choices(raw: Raw) -> None:
    numbers = [step["id"] for step in steps(raw) if step["kind"] != "choice"]
    for name in numbers[1:]:
        body(raw, name)["kind"] = "choice"


def no_surprise(raw: Raw) -> None:
    for step in steps(raw):
        step.pop("surprise", None)


def more_steps(raw: Raw) -> None:
    for number in range(9 - len(steps(raw))):
        raw["steps"].append({"predict": {**steps(raw)[0], "id": f"another-{number}"}})


def wrong_option(raw: Raw, item_id: str) -> int:
    return next(index for index, option in enumerate(body(raw, item_id)["options"]) if not option.get("right"))


def block(name: str) -> Callable[[str, Raw], bool]:
    return lambda kind, found: found.get("block") == name


def kind_is(name: str) -> Callable[[str, Raw], bool]:
    return lambda kind, found: kind == name


def lacks_part(part: str) -> Callable[[Raw], None]:
    return lambda raw: body(raw, "what-limits-decode")["options"][wrong_option(raw, "what-limits-decode")][
        "refutation"
    ].pop(part)


def nameless_option(raw: Raw) -> None:
    body(raw, "what-limits-decode")["options"][wrong_option(raw, "what-limits-decode")].pop("misconception")


def two_right(raw: Raw) -> None:
    body(raw, "what-limits-decode")["options"][wrong_option(raw, "what-limits-decode")]["right"] = True


def used_twice(raw: Raw) -> None:
    body(raw, "double-flops")["id"] = "decode-ceiling"


FAULTS: dict[str, tuple[Callable[[Raw], Any], str]] = {
    "no title": (opening("Today's win"), r"steps\[0\].*title"),
    "no win": (opening("# 1 · A lesson"), r"steps\[0\].*Today's win"),
    "no mystery": (without(block("mystery")), "the mystery is missing"),
    "no Kubernetes": (without(block("kubernetes")), "Kubernetes bridge is missing"),
    "no lab": (without(block("your-lab")), "On your lab.* is missing"),
    "no recall": (without(kind_is("recall")), "recall card is missing"),
    "no blanks": (without(kind_is("blanks")), "gaps to fill is missing"),
    "no picture": (without(kind_is("picture")), "picture of the pantry is missing"),
    "no explorer": (without(kind_is("explore")), "explorer is missing"),
    "no explain": (without(kind_is("explain")), "cold explanation is missing"),
    "no score": (without(kind_is("score")), "score card is missing"),
    "no sources": (without(kind_is("sources")), "list of sources is missing"),
    "no note to the teacher": (
        without(lambda kind, found: kind == "note" and "teacher" in found["stem"]),
        "note to the teacher is missing",
    ),
    "no note on the format": (
        without(lambda kind, found: kind == "note" and "format" in found["stem"]),
        "whether the format helped is missing",
    ),
    "too few steps": (lambda raw: without(lambda kind, found: found in steps(raw)[4:])(raw), "4 predictions"),
    "too many steps": (more_steps, "9 predictions"),
    "too few numbers": (only_choices, "two of the steps must ask for a number or a curve"),
    "no surprise": (no_surprise, "surprise: true"),
    "too few quiz items": (
        without(lambda kind, found: found["id"] in ("quiz-upgrade", "quiz-half-bytes", "quiz-shared")),
        "quiz items; the closing quiz has 3 to 5",
    ),
    "no quiz": (without(lambda kind, found: bool(found.get("quiz"))), "0 quiz items"),
    "no board for the instructor": (
        lambda raw: raw.update(instructor=raw["instructor"].replace("**Board", "Board")),
        "instructor: .*Board.* is missing",
    ),
    "nothing for the instructor": (lambda raw: raw.update(instructor="Enjoy."), "instructor: .*Timing.* is missing"),
    "no thought": (lacks_part("thought"), r"what-limits-decode: options\[\d\]: refutation: thought is missing"),
    "no temptation": (lacks_part("tempting"), r"refutation: tempting is missing"),
    "no refutation": (lacks_part("wrong"), r"refutation: wrong is missing"),
    "no fact": (lacks_part("fact"), r"refutation: fact is missing"),
    "empty fact": (
        edit("decode-ceiling", "wrong", 0, "refutation", "fact", value=" "),
        r"decode-ceiling: wrong\[0\]: refutation: fact is missing",
    ),
    "nameless option": (nameless_option, r"options\[\d\]: misconception"),
    "two right options": (two_right, "exactly one must be marked"),
    "number without wrong workings": (
        edit("decode-ceiling", "wrong"),
        "decode-ceiling: wrong: the likely wrong workings are missing",
    ),
    "curve without wrong workings": (
        edit("draw-throughput", "wrong", value=[]),
        "draw-throughput: wrong: the likely wrong workings are missing",
    ),
    "no observe check": (edit("double-flops", "observe"), "double-flops: observe"),
    "no explanation": (edit("double-flops", "explanation"), "double-flops: explanation"),
    "all of the above": (
        edit("double-flops", "options", 0, "text", value="All of the above"),
        "“All of the above” is no idea",
    ),
    "source never cited": (
        lambda raw: raw["sources"].update(unread={"title": "T", "by": "B", "url": "https://example.org", "says": "S."}),
        "sources.unread: never cited",
    ),
    "cite without source": (lambda raw: raw["sources"].pop("pope-2022"), r'cite\("pope-2022"\): no such source'),
    "id used twice": (used_twice, "“decode-ceiling” is used 2 times"),
    "misspelt misconception": (
        edit("decode-ceiling", "wrong", 0, "misconception", value="Bits_for_bytes"),
        "wrong.misconception: the name “Bits_for_bytes”",
    ),
    "misspelt concept": (edit("double-flops", "concepts", value=["memory bound"]), "concepts: the name “memory bound”"),
    "misspelt id": (edit("double-flops", "id", value="double--flops"), "id: the name “double--flops”"),
    "placeholder in Markdown": (
        opening("# Title\n**Today's win** {{ decode_ceiling }}"),
        r"steps\[0\].text: .*cannot hold a placeholder",
    ),
    "image without a number in its alt text": (
        edit("kubernetes", "text", value="![a chart](chart.svg)"),
        "image needs alt text",
    ),
    "image without alt text": (edit("kubernetes", "text", value='<img src="chart.svg">'), "image needs alt text"),
    "a guess whose right option is none of them": (
        edit("knobs", "guess", value={"ask": "How many?", "options": [1, 4], "right": 2, "after": "Four."}),
        "explore knobs: “2” is none of: 1, 4",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_linter_sees_a_fault_in_the_words(fault: str, raw: Raw) -> None:
    change, expected = FAULTS[fault]
    before = lint(raw, [])
    change(raw)
    new = [line for line in lint(raw, []) if line not in before]
    assert any(re.search(expected, line) for line in new), new
    assert all(line.startswith("lesson 1: ") for line in new)


def test_a_short_lesson_needs_no_full_shape(raw: Raw) -> None:
    without(kind_is("blanks"))(raw)
    raw["short"] = True
    assert lint(raw, []) == []


# --- faults that show on a lab ------------------------------------------------------------------------------


def prolix(raw: Raw) -> None:
    body(raw, "double-flops")["explanation"] += " word" * 121


def barely_prolix(raw: Raw) -> None:
    """119 words as written, more as rendered: a placeholder is one word in the YAML."""
    body(raw, "double-flops")["explanation"] = "word " * 119 + "{{ decode_ceiling }}"


RENDERED: dict[str, tuple[Callable[[Raw], Any], str]] = {
    "long explanation": (prolix, r"predict double-flops: explanation: \d+ words"),
    "explanation long once rendered": (barely_prolix, "explanation: 121 words"),
    "unlike options": (
        edit(
            "double-flops",
            "options",
            0,
            "text",
            value="Next to nothing, because the multipliers already wait for memory most of the step",
        ),
        "options must be of like length",
    ),
    "misspelt placeholder": (
        edit("double-flops", "reveal", value="{{ decode_celing }}"),
        "double-flops: reveal.*decode_celing",
    ),
    "misspelt placeholder in a refutation": (
        edit("decode-ceiling", "wrong", 0, "refutation", "fact", value="{{ bandwith }}"),
        r"wrong\[0\].refutation.fact.*bandwith",
    ),
    "broken placeholder": (edit("double-flops", "reveal", value="{{ decode_ceiling }"), "placeholder does not parse"),
    "misspelt working": (
        edit("another-gpu", "wrong", 0, "working", value="here.decode_celing"),
        r"wrong\[0\].working: there is no working “here.decode_celing”; did you mean decode_ceiling",
    ),
    "misspelt number of a picture": (
        edit("the-van", "numbers", "weights", value="weights_red"),
        "numbers.weights: there is no working “weights_red”; did you mean weights_read",
    ),
    "number that this lab lacks": (
        edit("double-flops", "reveal", value="Measured: {{ measured_decode }}."),
        "the rendered text holds “None”.*4090",
    ),
    "claim that does not hold": (lambda raw: raw.update(claims=["has_state"]), "claims: “has_state” does not hold"),
    "claim that does not exist": (
        lambda raw: raw.update(claims=["cows_fly"]),
        "claims: there is no working “cows_fly”",
    ),
    "misspelt function of an explorer": (
        edit("knobs", "compute", value="explore_celings"),
        "explore knobs: unknown function 'explore_celings': did you mean explore_ceilings",
    ),
    "explorer without knobs": (edit("knobs", "compute", value="play_token"), "names its knobs and its drawing"),
    "explorer that cannot compute at the end of a knob": (
        lambda raw: body(raw, "knobs").update(
            compute="play_token",
            drawing="gate",
            knobs=[
                {"name": "batch", "label": "Batch", "from": 0, "to": 8, "steps": 9, "start": 1},
                {"name": "context", "label": "Context", "stops": [0, 4096]},
                {"name": "bits", "label": "Bits", "choices": "bits_choices", "start": "bits_start"},
            ],
        ),
        "explore knobs: This cannot be computed at Batch 0, Context 0, .*batch: expected a whole number from 1 up",
    ),
    "mistakes that all meet the truth": (
        edit(
            "decode-ceiling",
            "wrong",
            value=[{"working": "decode_ceiling", "misconception": "none", "says": "x", "refutation": {}}],
        ),
        "every wrong working meets the truth",
    ),
}


@pytest.mark.parametrize("fault", RENDERED)
def test_the_linter_sees_a_fault_on_a_lab(fault: str, raw: Raw, reopen: Any) -> None:
    change, expected = RENDERED[fault]
    change(raw)
    found = lint(raw, [reopen(raw), reopen(raw, lab="llama-3.1-8b-int4-rtx-4090")])
    assert any(re.search(expected, line) for line in found), found
    assert all(line.startswith(f"{LESSON}.yaml: ") for line in found)


def drawing(kind: str, drawn: Raw) -> type[Block]:
    """The kind of block, which draws this and nothing else."""
    return type("Drawn", (BLOCKS[kind],), {"draw": lambda self: drawn})


@pytest.mark.parametrize("alt", ["", "A van on a road, with bars."])
@pytest.mark.parametrize("kind", ["picture", "plot"])
def test_a_figure_needs_alt_text_with_a_number(kind: str, alt: str, raw: Raw, reopen: Any) -> None:
    drawn = {
        "picture": {"picture": {"svg": "<svg/>", "alt": alt}},
        "plot": {"html": f'<figure aria-label="{alt}"><svg/></figure>'},
    }[kind]
    found = [
        line for line in lint(raw, [reopen(raw, blocks={**BLOCKS, kind: drawing(kind, drawn)})]) if "alt text" in line
    ]
    assert len(found) == sum(kind in entry for entry in raw["steps"])
    assert all(f": {kind} " in line for line in found)


# --- faults of the notebook ---------------------------------------------------------------------------------


def notebook_findings(raw: Raw, *cells: Raw) -> list[str]:
    notebook = stage.build(LESSON)
    notebook["cells"] += cells
    return lint(raw, [opened(LESSON)], notebook)


def markdown(text: str) -> Raw:
    return {"cell_type": "markdown", "source": [text]}


def code(text: str, **output: str) -> Raw:
    outputs = [{"output_type": "display_data", "data": output}] if output else []
    return {"cell_type": "code", "source": text.splitlines(keepends=True), "outputs": outputs}


LEAKS = {
    "number in Markdown": (
        markdown("It is about 131 tokens a second."),
        r"\(Markdown\) gives away truth of decode-ceiling",
    ),
    "number with its unit in Markdown": (markdown("Expect **130.7 tok/s**."), "gives away truth of decode-ceiling"),
    "reveal in Markdown": (
        markdown("One division explains it: the arithmetic was not what the step **waited** for."),
        r"\(Markdown\) gives away feedback on flops-limit-decode",
    ),
    "right option in Markdown": (
        markdown("Remember: how fast memory delivers the weights."),
        "gives away right option of what-limits-decode",
    ),
    "number in code": (code("assert ceiling == 130.7"), r"\(code\) gives away truth of decode-ceiling"),
    "number on the collapsed bar": (
        code('# Step 3 · 131 tok/s\nlesson.predict("x")'),
        r"\(first line\) gives away truth of decode-ceiling",
    ),
    "number in a stored output": (
        code('lesson.predict("x")', **{"text/plain": "131 tok/s"}),
        r"\(stored text/plain\) gives away truth of decode-ceiling",
    ),
    "factor in a stored output": (
        code('lesson.predict("x")', **{"text/html": f"<p><b>{opened(LESSON).numbers['batch_gain']}</b> in total</p>"}),
        r"\(stored text/html\) gives away truth of serve-eight",
    ),
    "explanation in a stored figure": (
        code(
            "x",
            **{"image/svg+xml": "<svg><text>What is not the bottleneck can be doubled for nothing gained</text></svg>"},
        ),
        "gives away explanation of double-flops",
    ),
    "long code": (code("x = 1\n" * 9), "9 lines of code"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_linter_sees_what_a_notebook_gives_away(leak: str, raw: Raw) -> None:
    cell, expected = LEAKS[leak]
    before = notebook_findings(raw)
    new = [line for line in notebook_findings(raw, cell) if line not in before]
    assert any(re.search(expected, line) for line in new), new
    assert all(line.startswith(f"{LESSON}.ipynb: cells[") for line in new)


@pytest.mark.parametrize(
    "text", ["It is about 132 tokens a second.", "Run 8 of them.", "Step 131a", "Qwen-131", "130,731 tokens", "1.31 GB"]
)
def test_an_ordinary_number_gives_nothing_away(text: str, raw: Raw) -> None:
    assert notebook_findings(raw, markdown(text)) == notebook_findings(raw)


def test_a_notebook_of_too_many_cells(raw: Raw) -> None:
    assert any("cells; at most 60" in line for line in notebook_findings(raw, *[markdown("More.")] * 30))
