"""The linter sees each fault that it is there for. That it finds none in the course, `make check` says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from lessonlib.build import notebooks as stage
from lessonlib.build.lint import lint as findings
from lessonlib.lesson.block import Block
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS
from tests.content import specimen

Raw = dict[str, Any]


@pytest.fixture
def raw() -> Raw:
    """The words of the specimen, to break at will."""
    return specimen.words()


@pytest.fixture
def reopen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens it from changed words: ``reopen(raw)`` or ``reopen(raw, lab=..., blocks=...)``."""

    def build(changed: Raw, lab: str = DEFAULT_LAB, blocks: Any = BLOCKS) -> Lesson:
        with monkeypatch.context() as patched:
            patched.setattr("lessonlib.lesson.lesson.load_source", lambda *_: changed)
            return Lesson(specimen.path(), load_lab(lab), None, blocks)

    return build


def lint(*args: Any) -> list[str]:
    """The findings without their lines and rules."""
    return [f"{found.file}: {found.text}" for found in findings(*args)]


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
    return lambda raw: body(raw, "what-shortens-it")["options"][wrong_option(raw, "what-shortens-it")][
        "refutation"
    ].pop(part)


def nameless_option(raw: Raw) -> None:
    body(raw, "what-shortens-it")["options"][wrong_option(raw, "what-shortens-it")].pop("misconception")


def two_right(raw: Raw) -> None:
    body(raw, "what-shortens-it")["options"][wrong_option(raw, "what-shortens-it")]["right"] = True


def used_twice(raw: Raw) -> None:
    body(raw, "half-the-bytes")["id"] = "read-time"


def curve_unobserved(raw: Raw) -> None:
    body(raw, "reads-per-second")["kind"] = "curve"
    del body(raw, "reads-per-second")["observe"]


FAULTS: dict[str, tuple[Callable[[Raw], Any], str]] = {
    "no title": (opening("Today's win"), r"steps\[0\].*title"),
    "no win": (opening("# 7 · A lesson"), r"steps\[0\].*Today's win"),
    "no mystery": (without(block("mystery")), "the mystery is missing"),
    "no lab": (without(block("your-lab")), "On your lab.* is missing"),
    "nothing recalled": (without(lambda kind, _: kind in ("recall", "blanks")), "nothing is recalled"),
    "no explorer": (without(kind_is("explore")), "explorer is missing"),
    "no explain": (without(kind_is("explain")), "cold explanation is missing"),
    "no score": (without(kind_is("closing")), "score card is missing"),
    "no sources": (without(kind_is("closing")), "list of sources is missing"),
    "no note to the teacher": (without(kind_is("closing")), "note to the teacher is missing"),
    "no note on the format": (without(kind_is("closing")), "whether the format helped is missing"),
    "too few steps": (lambda raw: without(lambda kind, found: found in steps(raw)[3:])(raw), "3 predictions"),
    "too many steps": (more_steps, "9 predictions"),
    "too few numbers": (only_choices, "half of the steps must ask for a number, a curve or a dot"),
    "no surprise": (no_surprise, "surprise: true"),
    "too few quiz items": (
        without(lambda kind, found: found["id"] in ("quiz-two-numbers", "quiz-bits")),
        "1 quiz items; the closing quiz has 2 to 4",
    ),
    "no quiz": (without(lambda kind, found: bool(found.get("quiz"))), "0 quiz items"),
    "no board for the instructor": (
        lambda raw: raw.update(instructor=raw["instructor"].replace("**Board", "Board")),
        "instructor: .*Board.* is missing",
    ),
    "nothing for the instructor": (lambda raw: raw.update(instructor="Enjoy."), "instructor: .*Timing.* is missing"),
    "no thought": (lacks_part("thought"), r"what-shortens-it: options\[\d\]: refutation: thought is missing"),
    "no temptation": (lacks_part("tempting"), r"refutation: tempting is missing"),
    "no refutation": (lacks_part("wrong"), r"refutation: wrong is missing"),
    "no fact": (lacks_part("fact"), r"refutation: fact is missing"),
    "empty fact": (
        edit("read-time", "wrong", 0, "refutation", "fact", value=" "),
        r"read-time: wrong\[0\]: refutation: fact is missing",
    ),
    "nameless option": (nameless_option, r"options\[\d\]: misconception"),
    "two right options": (two_right, "exactly one must be marked"),
    "number without wrong workings": (
        edit("read-time", "wrong"),
        "read-time: wrong: the likely wrong workings are missing",
    ),
    "curve without wrong workings": (
        edit("reads-per-second", "wrong", value=[]),
        "reads-per-second: wrong: the likely wrong workings are missing",
    ),
    "curve without an observe check": (curve_unobserved, "reads-per-second: observe"),
    "no explanation": (edit("half-the-bytes", "explanation"), "half-the-bytes: explanation"),
    "all of the above": (
        edit("half-the-bytes", "options", 0, "text", value="All of the above"),
        "“All of the above” is no idea",
    ),
    "source never cited": (
        lambda raw: raw["sources"].update(unread={"title": "T", "by": "B", "url": "https://example.org", "says": "S."}),
        "sources.unread: never cited",
    ),
    "cite without source": (
        lambda raw: raw["sources"].pop("roofline-2009"),
        r'cite\("roofline-2009"\): no such source',
    ),
    "id used twice": (used_twice, "“read-time” is used 2 times"),
    "misspelt misconception": (
        edit("read-time", "wrong", 0, "misconception", value="Bits_for_bytes"),
        "wrong.misconception: the name “Bits_for_bytes”",
    ),
    "misspelt concept": (
        edit("half-the-bytes", "concepts", value=["memory bound"]),
        "concepts: the name “memory bound”",
    ),
    "misspelt id": (edit("half-the-bytes", "id", value="half--the-bytes"), "id: the name “half--the-bytes”"),
    "placeholder in Markdown": (
        opening("# Title\n**Today's win** {{ tea_read_time }}"),
        r"steps\[0\].text: .*cannot hold a placeholder",
    ),
    "placeholder in a title": (
        edit("kubernetes", "title", value="The same with {{ tea_read_time }}"),
        r"title: a title is the same on every lab",
    ),
    "placeholder in the title of a lesson": (
        lambda raw: raw.update(title="Tea for {{ tea_read_time }}"),
        r"title: a title is the same on every lab",
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
    assert all(line.startswith("lesson 7: ") for line in new)


def test_a_short_lesson_needs_no_full_shape(raw: Raw) -> None:
    without(kind_is("blanks"))(raw)
    raw["short"] = True
    assert lint(raw, []) == []


# --- faults that show on a lab ------------------------------------------------------------------------------


def prolix(raw: Raw) -> None:
    body(raw, "half-the-bytes")["explanation"] += " word" * 121


def barely_prolix(raw: Raw) -> None:
    """119 words as written, more as rendered: a placeholder is one word in the YAML."""
    body(raw, "half-the-bytes")["explanation"] = "word " * 119 + "{{ tea_read_time }}"


MONITOR: Raw = {"id": "on-call", "title": "On call", "text": "Look.", "compute": "tea_incident"}
RENDERED: dict[str, tuple[Callable[[Raw], Any], str]] = {
    "long explanation": (prolix, r"predict half-the-bytes: explanation: \d+ words"),
    "explanation long once rendered": (barely_prolix, "explanation: 121 words"),
    "unlike options": (
        edit(
            "half-the-bytes",
            "options",
            0,
            "text",
            value="Next to nothing, because the multipliers already wait for memory most of the step",
        ),
        "options must be of like length",
    ),
    "misspelt placeholder": (
        edit("half-the-bytes", "reveal", value="{{ tea_read_tme }}"),
        "half-the-bytes: reveal.*tea_read_tme",
    ),
    "misspelt placeholder in a refutation": (
        edit("read-time", "wrong", 0, "refutation", "fact", value="{{ bandwith }}"),
        r"wrong\[0\].refutation.fact.*bandwith",
    ),
    "broken placeholder": (edit("half-the-bytes", "reveal", value="{{ tea_read_time }"), "placeholder does not parse"),
    "misspelt working": (
        edit("on-another-gpu", "wrong", 0, "working", value="here.tea_read_tme"),
        r"wrong\[0\].working: there is no working “here.tea_read_tme”; did you mean tea_read_time",
    ),
    "misspelt number of a picture": (
        edit("the-store", "numbers", "weights", value="tea_weihgts"),
        "numbers.weights: there is no working “tea_weihgts”; did you mean tea_weights",
    ),
    "flag that is typed": (
        edit("half-the-bytes", "reveal", value="Start with `--max-num-seqs 8`."),
        r"--max-num-seqs is typed: write \{\{ vllm",
    ),
    "metric that is typed and is none": (
        edit("half-the-bytes", "reveal", value="Look at `vllm:num_request_running`."),
        "no flag or metric “vllm:num_request_running”.*did you mean num_requests_running",
    ),
    "misspelt flag where this lab does not look": (
        edit("half-the-bytes", "reveal", value='{% if several %}{{ vllm("max-num-seq") }}{% endif %}'),
        "no flag or metric “max-num-seq”.*did you mean max-num-seqs",
    ),
    "version that is typed": (
        edit("half-the-bytes", "reveal", value="Since vLLM 0.33.0."),
        r"vLLM 0.33.0 is typed: write vLLM \{\{ vllm_version \}\}",
    ),
    "number that this lab lacks": (
        edit("half-the-bytes", "reveal", value="Measured: {{ measured_decode }}."),
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
    "explorer without knobs": (edit("knobs", "compute", value="gpu_start"), "names its knobs and its drawing"),
    "explorer that cannot compute at the end of a knob": (
        lambda raw: body(raw, "knobs").update(
            compute="play_token",
            drawing="gate",
            knobs=[
                {"name": "batch", "label": "Batch", "from": 0, "to": 8, "steps": 9, "start": 1},
                {"name": "context", "label": "Context", "stops": [0, 4096]},
                {"name": "bits", "label": "Bits", "choices": "weights_choices", "start": "weights_start"},
            ],
        ),
        "explore knobs: This cannot be computed at Batch 0, Context 0, .*batch: expected a whole number from 1 up",
    ),
    "misspelt function of a monitor": (
        lambda raw: raw["steps"].insert(-1, {"monitor": MONITOR}),
        "monitor on-call: unknown function 'tea_incident'",
    ),
    "function of a monitor that returns something else": (
        lambda raw: raw["steps"].insert(-1, {"monitor": {**MONITOR, "compute": "tea_weights"}}),
        "monitor on-call: tea_weights returns Quantity; it returns a Monitor",
    ),
    "mistakes that all meet the truth": (
        edit(
            "read-time",
            "wrong",
            value=[{"working": "tea_read_time", "misconception": "none", "says": "x", "refutation": {}}],
        ),
        "every wrong working meets the truth",
    ),
}

TIMELINES = {
    "one_rum": "unknown function 'one_rum': did you mean one_run",
    "gpus": "gpus returns .*; it returns a Timeline, or a list of up to 3",
    "two_runs_of_one_name": "two_runs_of_one_name: timelines under one clock each need a label of their own",
    "run_without_a_number": "its finding “It is served.” must state what is seen with a number",
    "no_run": "a timeline has 1 to 1,200 steps, not 0",
    "broken_run": "broken_run cannot be computed on the lab .*: ZeroDivisionError: division by zero",
}


@pytest.mark.parametrize("compute", TIMELINES)
def test_the_linter_sees_a_timeline_that_cannot_be_drawn(compute: str, reopen: Any) -> None:
    raw = specimen.with_timeline(compute)
    found = lint(raw, [reopen(raw)])
    assert any(re.search(f"timeline the-run: {TIMELINES[compute]}", line) for line in found), found


def test_a_good_timeline_has_no_finding(reopen: Any) -> None:
    raw = specimen.with_timeline(block="mystery", more="More of it.")
    assert lint(raw, [reopen(raw)]) == []


FLEETS = {
    "a_fleat": "unknown function 'a_fleat': did you mean a_fleet",
    "one_run": "one_run returns Timeline; it returns a FleetView, or a list of up to 3",
    "two_fleets_of_one_name": "two_fleets_of_one_name: fleets under one clock each need a label of their own",
    "lonely_fleet": "a fleet has 2 to 16 replicas here, not 1: one alone is a timeline",
}


@pytest.mark.parametrize("compute", FLEETS)
def test_the_linter_sees_a_fleet_that_cannot_be_drawn(compute: str, reopen: Any) -> None:
    raw = specimen.with_fleet(compute)
    found = lint(raw, [reopen(raw)])
    assert any(re.search(f"fleet the-fleet: {FLEETS[compute]}", line) for line in found), found


def test_a_good_fleet_has_no_finding(reopen: Any) -> None:
    raw = specimen.with_fleet(block="mystery", more="More of it.")
    assert lint(raw, [reopen(raw)]) == []


@pytest.mark.parametrize("fault", RENDERED)
def test_the_linter_sees_a_fault_on_a_lab(fault: str, raw: Raw, reopen: Any) -> None:
    change, expected = RENDERED[fault]
    change(raw)
    found = lint(raw, [reopen(raw), reopen(raw, lab="llama-3.1-8b-int4-rtx-4090")])
    assert any(re.search(expected, line) for line in found), found
    assert all(line.startswith(f"{specimen.path()}.yaml: ") for line in found)


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
    notebook = stage.build(specimen.path())
    notebook["cells"] += cells
    return lint(raw, [specimen.opened()], notebook)


def markdown(text: str) -> Raw:
    return {"cell_type": "markdown", "source": [text]}


def code(text: str, **output: str) -> Raw:
    outputs = [{"output_type": "display_data", "data": output}] if output else []
    return {"cell_type": "code", "source": text.splitlines(keepends=True), "outputs": outputs}


LEAKS = {
    "number in Markdown": (
        markdown("It is about 8.03 for each read."),
        r"\(Markdown\) gives away truth of read-time",
    ),
    "number with its unit in Markdown": (markdown("Expect **8.03 ms**."), "gives away truth of read-time"),
    "reveal in Markdown": (
        markdown("What is short once is long a **few** hundred times."),
        r"\(Markdown\) gives away reveal of a-whole-answer",
    ),
    "right option in Markdown": (
        markdown("Remember: one with twice the bandwidth."),
        "gives away right option of what-shortens-it",
    ),
    "number in code": (code("assert reads == 124.6"), r"\(code\) gives away truth of reads-per-second"),
    "number on the collapsed bar": (
        code('# Step 3 · 8.03 ms\nlesson.predict("x")'),
        r"\(first line\) gives away truth of read-time",
    ),
    "number in a stored output": (
        code('lesson.predict("x")', **{"text/plain": "8.03 ms"}),
        r"\(stored text/plain\) gives away truth of read-time",
    ),
    "count in a stored output": (
        code('lesson.predict("x")', **{"text/html": "<p><b>125 times</b> a second</p>"}),
        r"\(stored text/html\) gives away truth of reads-per-second",
    ),
    "explanation in a stored figure": (
        code(
            "x",
            **{"image/svg+xml": "<svg><text>One thing at a time is what a division is good for</text></svg>"},
        ),
        "gives away explanation of what-shortens-it",
    ),
    "long code": (code("x = 1\n" * 9), "9 lines of code"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_linter_sees_what_a_notebook_gives_away(leak: str, raw: Raw) -> None:
    cell, expected = LEAKS[leak]
    before = notebook_findings(raw)
    new = [line for line in notebook_findings(raw, cell) if line not in before]
    assert any(re.search(expected, line) for line in new), new
    assert all(line.startswith(f"{specimen.path()}.ipynb: cells[") for line in new)


@pytest.mark.parametrize(
    "text", ["It is about 8.13 ms.", "Run 8 of them.", "Step 125a", "Qwen-125", "124,554 tokens", "8.03 GB"]
)
def test_an_ordinary_number_gives_nothing_away(text: str, raw: Raw) -> None:
    assert notebook_findings(raw, markdown(text)) == notebook_findings(raw)


def test_a_notebook_of_too_many_cells(raw: Raw) -> None:
    assert any("cells; at most 60" in line for line in notebook_findings(raw, *[markdown("More.")] * 45))
