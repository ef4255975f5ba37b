"""The notebook about the learner's own server: nothing shown before it was predicted, and a lab file that lessons use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lessonlib.probe.asked import ASKED
from lessonlib.probe.reading import Reading
from lessonlib.record.journal import Journal
from lessonlib.record.settings import chosen_lab
from lessonlib.roofline import load_lab
from lessonlib.show.your_lab import YourLab, open_your_lab
from tests.lesson.shipped import opened
from tests.probe.standin import StandIn, Traffic, running

LAB = "qwen3-32b-h200"
TRAFFIC = Traffic(itl_s=0.0217, prefill_s=0.613, hits=0.31, kv_usage=0.437)
#: what the panels would say of the numbers above
SECRETS = ("46.1", "4,500", "4,502", "31 %", "43.7", "663", "39.6")


@pytest.fixture
def yours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> YourLab:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    with running(StandIn(traffic=TRAFFIC)) as server:
        return open_your_lab(server.url, LAB, 0.4)


def reveal(lab: YourLab, key: str, text: str) -> dict:
    panel = lab.predict(key)
    panel.handle({"event": "commit", "guess": {"text": text}, "confidence": 1})
    panel.handle({"event": "reveal"})
    return panel.view


def test_nothing_is_shown_before_it_is_predicted(yours: YourLab) -> None:
    panels = [yours.predict(key) for key in ASKED] + [yours.numbers(), yours.keep("x.toml")]
    shown = repr([panel.view for panel in panels])
    assert [secret for secret in SECRETS if secret in shown] == []
    assert [panel.view["state"] for panel in panels] == ["asked"] + ["locked"] * 7
    assert not Path("x.toml").exists()
    stored = repr([panel._repr_mimebundle_()[0]["text/html"] for panel in panels])
    assert "Run this notebook with your server" in stored and "tokens per second" not in stored


def test_a_guess_from_the_dashboard_is_named(yours: YourLab) -> None:
    reveal(yours, "prompt_to_generation", "40")
    window = yours._reading.findings["window_generation_tokens_per_s"].value  # type: ignore[union-attr]
    view = reveal(yours, "decode_tokens_per_s", f"{window:.0f}")
    assert "divided by the wall clock" in view["result"]["feedback"]
    assert "46.1 tok/s" in view["result"]["reveal"] and "requests&#39; own clocks" in view["result"]["reveal"].replace(
        "'", "&#39;"
    )
    assert "of the ceiling" in view["result"]["reveal"]
    assert "vllm:request_decode_time_seconds_sum" in view["working"]["source"]


def test_to_the_end_and_every_lesson_uses_the_file(yours: YourLab, tmp_path: Path) -> None:
    for key in ASKED:
        assert reveal(yours, key, "50")["state"] == "observed"
    table = yours.numbers().view["html"]
    assert "46.1 tok/s" in table and "31 %" in table and "not known" in table
    kept = yours.keep(str(tmp_path / "my-lab.toml")).view["html"]
    assert "Lessons opened from now on" in kept
    assert chosen_lab() == str(tmp_path / "my-lab.toml")
    assert load_lab(chosen_lab()).measured["decode_tokens_per_s"].value == pytest.approx(46.1, rel=0.01)
    (tmp_path / "my-lab.toml").unlink()
    assert chosen_lab() == load_lab().name, "a file that is gone is chosen no longer"


def test_the_guesses_are_kept_and_the_address_is_not(yours: YourLab, tmp_path: Path) -> None:
    reveal(yours, "prompt_to_generation", "40")
    text = (tmp_path / "journal.jsonl").read_text()
    assert '"lesson":"your-lab"' in text and "127.0.0.1" not in text


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9"])
def test_without_a_server_every_panel_says_what_to_do(url: str | None) -> None:
    lab = open_your_lab(url, LAB, 0.1, journal=Journal(None))
    for panel in [*(lab.predict(key) for key in ASKED), lab.numbers(), lab.keep()]:
        assert "run all cells again" in panel.view["html"]


def test_what_cannot_be_told_is_said_and_stops_nobody(tmp_path: Path) -> None:
    with running(StandIn(traffic=Traffic(hits=0.0))) as server:
        lab = open_your_lab(server.url, LAB, 0.3, journal=Journal(None))
    assert "it is zero in this window" in lab.predict("cache_hit_share").view["html"]
    for key in ASKED:
        if key != "cache_hit_share":
            assert reveal(lab, key, "1")["state"] == "observed"


@pytest.mark.parametrize("mode", ["truth", "skip", "each"])
def test_headless(mode: str, tmp_path: Path) -> None:
    with running(StandIn()) as server:
        lab = open_your_lab(server.url, LAB, 0.3, mode)
    for key in ASKED:
        assert lab.predict(key).view["state"] == "observed"
    assert "Written" in lab.keep(str(tmp_path / "a.toml")).view["html"]


# --- after a kernel restart, and while clicking ------------------------------------------------------------------------


def again(lab: YourLab, reading: Reading | None = None, name: str = LAB) -> YourLab:
    """The page as a new kernel opens it on the same journal; the server is read as before unless said otherwise."""
    return YourLab(reading or lab._reading, "", load_lab(name), Journal(lab._journal.path), None)


def states(lab: YourLab) -> list[str]:
    return [lab.predict(key).view["state"] for key in ASKED]


def test_the_same_reading_stands_where_the_learner_left_it(yours: YourLab) -> None:
    first, second, third, *_ = ASKED
    for key in (first, second):
        reveal(yours, key, "50")
    yours.predict(third).handle({"event": "commit", "guess": {"text": "7"}, "confidence": 0})
    kept = len(yours._journal.records())
    after = again(yours)
    assert states(after) == states(yours) == ["observed", "observed", "committed", "locked", "locked", "locked"]
    assert {key: after.predict(key).view for key in ASKED} == {key: yours.predict(key).view for key in ASKED}
    assert len(yours._journal.records()) == kept, "restoring records nothing"
    after.predict(third).handle({"event": "reveal"})
    assert states(again(yours))[2] == "observed", "and goes on from there"


def test_another_reading_or_lab_asks_anew(yours: YourLab) -> None:
    key, *_ = ASKED
    reveal(yours, key, "50")
    reading = yours._reading
    assert reading is not None
    finding = reading.findings[key]
    assert finding.value is not None
    other = replace(reading, findings={**reading.findings, key: replace(finding, value=finding.value * 1.5)})
    assert states(again(yours, other))[0] == "asked"
    assert states(again(yours, name="llama-3.1-8b-a100-80gb"))[0] == "asked"
    assert states(again(yours))[0] == "observed"


def test_a_lesson_of_the_same_journal_is_not_touched(yours: YourLab) -> None:
    for key in ASKED:
        reveal(yours, key, "50")
    assert {item.step.state for item in opened(journal=Journal(yours._journal.path)).asked} == {"asked"}


def test_a_click_draws_each_panel_once(yours: YourLab) -> None:
    panels = [*(yours.predict(key) for key in ASKED), yours.numbers()]
    drawn: list[str] = []
    for panel in panels:
        panel.observe(lambda change: drawn.append(change.new["id"]), "view")
    made = [0]
    counted = [(panel, counting(view, made)) for panel, view in yours._panels]
    yours._panels[:] = counted
    panels[0].handle({"event": "commit", "guess": {"text": "50"}, "confidence": 1})
    assert drawn == [panels[0].view["id"]], "only what changed is sent"
    assert made[0] == len(panels)


def counting(view: Callable[[], dict], made: list[int]) -> Callable[[], dict]:
    def counted() -> dict:
        made[0] += 1
        return view()

    return counted


# --- without a server: a recording --------------------------------------------------------------------------------------


def test_everybody_can_try_it_on_a_recording() -> None:
    lab = open_your_lab("demo", journal=Journal(None))
    assert "simulated" in repr(lab) and "Qwen3.5-27B on 2 x H100 SXM" in repr(lab)
    for key in ASKED:
        assert reveal(lab, key, "50")["state"] == "observed", f"{key} is asked"
    table = lab.numbers().view["html"]
    assert "simulated, not measured" in table and "30 s" in table


def test_the_recording_has_a_story_that_its_numbers_tell() -> None:
    from lessonlib.probe.probe import probe

    read = {key: finding.value for key, finding in probe("demo").findings.items()}
    assert read["prompt_to_generation"] == pytest.approx(38, rel=0.1)
    assert read["cache_hit_share"] == pytest.approx(0.56, rel=0.1)
    assert read["requests_waiting"] == 0
    # By the wall clock the answers look five times as fast as one of them is, and prompts slower than one is read.
    assert read["window_generation_tokens_per_s"] > 4 * read["decode_tokens_per_s"]  # type: ignore[operator]
    assert read["window_prompt_tokens_per_s"] < read["prefill_tokens_per_s"]  # type: ignore[operator]


def test_a_recording_writes_no_lab_file(tmp_path: Path) -> None:
    lab = open_your_lab("demo", journal=Journal(None), auto="truth")
    for key in ASKED:
        lab.predict(key)
    assert "Nothing to keep" in lab.keep(str(tmp_path / "my-lab.toml")).view["html"]
    assert not (tmp_path / "my-lab.toml").exists()


def test_a_recording_that_is_broken_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lessonlib.probe import demo

    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / demo.FILE).write_text("# nothing\n")
    monkeypatch.setattr(demo, "data_dir", lambda: tmp_path)
    lab = open_your_lab("demo", journal=Journal(None))
    assert "install lessonlib anew" in lab.predict("ttft_s").view["html"]


def test_the_recording_is_made_by_the_simulator_under_its_names() -> None:
    from lessonlib.base.paths import data_dir
    from lessonlib.build import demo_server
    from lessonlib.probe import demo

    def names(text: str) -> set[str]:
        return {line.split("{")[0] for line in text.splitlines() if line.startswith("vllm:")}

    stored, made = (data_dir() / "demo" / demo.FILE).read_text(), demo_server.pages()
    assert stored.startswith("# Simulated, not measured") and names(stored) == names(made)
    assert [line for line in stored.splitlines() if line.startswith("# second")] == [
        "# second 300",
        "# second 310",
        "# second 320",
        "# second 330",
    ]
