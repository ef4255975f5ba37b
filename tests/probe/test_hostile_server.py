"""What a server says of itself is text: on the page about the learner's own server, in a terminal, in JSON and in the lab file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lessonlib.cli.main import main
from lessonlib.probe.asked import ASKED
from lessonlib.probe.probe import probe
from lessonlib.probe.reading import Reading
from lessonlib.probe.reading_report import reading_data, reading_text
from lessonlib.probe.roofs import roofs
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.panel import Panel
from lessonlib.show.your_lab import YourLab
from tests.hostile import (
    ALL,
    HALF,
    HARMLESS,
    HOSTILE,
    TOUCHED,
    Page,
    assert_printable,
    assert_same_page,
    html_of,
    lab_file,
    squeezed,
)
from tests.probe.standin import StandIn, Traffic, page, reply, running, serve

TEXTS = {**HOSTILE, "everything": ALL}
#: pages of metrics hold whole lines of UTF-8
LABELS = {name: text for name, text in TEXTS.items() if name not in ("long", "everything")}


@pytest.fixture(autouse=True)
def nothing_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / TOUCHED).exists()


@pytest.fixture(scope="module")
def honest() -> Reading:
    with running(StandIn(traffic=Traffic(itl_s=0.0217, prefill_s=0.613))) as server:
        return probe(server.url, 0.3)


def saying(reading: Reading, text: str, *, absent: tuple[str, ...] = ()) -> Reading:
    """The reading with `text` in every field that is text; `absent` are findings without a value."""
    found = {
        key: replace(
            finding,
            value=None if key in absent else finding.value,
            clock=finding.clock,
            how=f"{text} (how)",
            limits=f"{text} (limits)",
            reason=f"{text} (reason)",
        )
        for key, finding in reading.findings.items()
    }
    return replace(reading, source=text, model=f"{text} (model)", findings=found, notes=(f"{text} (note)",))


def walk(reading: Reading, lab: Path, text: str, folder: Path) -> Iterator[tuple[str, Panel]]:
    """Every panel of the page in every state."""
    folder.mkdir(exist_ok=True)
    yours = YourLab(reading, "", load_lab(lab), Journal(None), None)
    panels = {key: yours.predict(key) for key in ASKED}
    panels |= {"numbers": yours.numbers(), "keep": yours.keep(str(folder / "kept.toml"))}
    for key, panel in panels.items():
        yield f"{key} at first", panel
    for key in ASKED:
        for event in ({"event": "commit", "guess": {"text": "50"}, "confidence": 1}, {"event": "reveal"}):
            panels[key].handle(event)
            yield f"{key} after {event['event']}", panels[key]
    for key in ("numbers", "keep"):
        yield f"{key} at last", panels[key]
    unread = YourLab(None, f"{text} (problem)", load_lab(lab), Journal(None), None)
    for key, panel in (("ttft_s", unread.predict("ttft_s")), ("numbers", unread.numbers()), ("keep", unread.keep())):
        yield f"{key} unread", panel
    for mode in ("truth", "skip"):
        walked = YourLab(reading, "", load_lab(lab), Journal(None), mode)
        for key in ASKED:
            yield f"{key} by {mode}", walked.predict(key)
    yield (
        "its name",
        Panel(
            {"kind": "tell", "id": "x", "title": repr(yours), "state": "observed"},
            lambda _: None,
            lambda: (repr(yours), ""),
        ),
    )


def seen(reading: Reading, lab: Path, text: str, folder: Path) -> list[tuple[str, dict[str, Any], str, str]]:
    found = []
    for where, panel in walk(reading, lab, text, folder):
        bundle = panel._repr_mimebundle_()[0]
        found.append((where, json.loads(json.dumps(panel.view)), bundle["text/plain"], bundle["text/html"]))
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_every_panel_of_your_lab(name: str, honest: Reading, tmp_path: Path) -> None:
    def views(text: str, folder: str) -> list[tuple[str, dict[str, Any], str, str]]:
        (tmp_path / folder).mkdir()
        lab = lab_file(tmp_path / folder, text)
        return seen(saying(honest, text, absent=("cache_hit_share",)), lab, text, tmp_path / folder)

    hostile, harmless = views(TEXTS[name], "hostile"), views(HARMLESS, "harmless")
    said = ""
    for (where, view, text, html), (_, same, _, same_html) in zip(hostile, harmless, strict=True):
        assert [key for key, _ in html_of(view)] == [key for key, _ in html_of(same)], where
        for (key, one), (_, other) in zip(html_of(view), html_of(same), strict=True):
            assert_same_page(one, other, f"{where}: {key}")
            said += Page(one).text
        assert_same_page(html, same_html, where)
        assert_printable(text, where)
    for field in ("how", "limits", "reason", "model", "note", "problem", "title"):
        assert squeezed(f"{TEXTS[name]} ({field})") in said, field


@pytest.mark.parametrize("name", {**TEXTS, "half a character": HALF})
def test_text_json_and_lab_file_of_a_reading(name: str, honest: Reading, tmp_path: Path) -> None:
    text = {**TEXTS, "half a character": HALF}[name]
    lab = replace(load_lab(lab_file(tmp_path, HARMLESS)), title=text)
    reading = saying(honest, text, absent=("cache_hit_share",))
    found = roofs(reading, lab)
    shown = reading_text(reading, found)
    assert_printable(shown)
    assert len(shown.splitlines()) == len(
        reading_text(saying(honest, HARMLESS, absent=("cache_hit_share",)), found).splitlines()
    )
    from lessonlib.base.formats import dumps

    assert_printable(dumps(reading_data(reading, found)))


def label(text: str) -> str:
    """A value of a label as the text format of Prometheus has it."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


@pytest.mark.parametrize("name", LABELS)
def test_a_server_whose_labels_say_it(name: str, tmp_path: Path, capsys: Any) -> None:
    text = LABELS[name]
    metrics = f"# HELP vllm:x {label(text)}\n" + page(Traffic(), 50, model=label(text), engine="0")
    lab = lab_file(tmp_path, text, model="qwen3.5-27b")
    with serve(lambda handler: reply(handler, 200, metrics)) as url:
        for flags in ([], ["--json"], ["--lab", str(lab), "--write", str(tmp_path / "mine.toml")], ["--model", text]):
            assert main(["probe", f"{url}/metrics", "--window", "0", *flags]) in (0, 2)
            out, err = capsys.readouterr()
            assert_printable(out + err)
            if flags == ["--json"] and out:
                assert json.loads(out)["model"] in (text, text.strip()) or not text.isprintable()
    written = load_lab(tmp_path / "mine.toml")
    assert written.title == f"{text} (title), as measured" and f"{text} (flag)" in written.flags


@pytest.mark.parametrize("name", ["terminal", "c1", "bidi", "image"])
def test_two_models_of_such_names_and_an_error_page(name: str, capsys: Any) -> None:
    text = HOSTILE[name]
    both = page(Traffic(), 50, model=label(text)) + page(Traffic(), 50, model="other")
    with serve(lambda handler: reply(handler, 200, both)) as url:
        assert main(["probe", f"{url}/metrics", "--window", "0"]) == 2
        assert main(["probe", f"{url}/metrics", "--window", "0", "--model", text + "x"]) == 2
    answer = json.dumps({"status": "error", "error": text})
    series = [
        {
            "metric": {"__name__": text, "model_name": text, "pod": text, "instance": text},
            "values": [[1, "2"], [2, "3"]],
        }
    ]
    prometheus = json.dumps({"status": "success", "data": {"result": series}})
    for told in (text, answer, prometheus):
        with serve(lambda handler, told=told: reply(handler, 200, told)) as url:  # type: ignore[misc]
            assert main(["probe", url, "--window", "1"]) in (0, 2)
            assert main(["probe", f"{url}/metrics", "--window", "0"]) == 2
    assert_printable("".join(capsys.readouterr()))
