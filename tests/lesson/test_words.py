"""Words with numbers filled in: what renders as what, and an error that says where for what does not."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.fingerprint import fingerprintable
from lessonlib.lesson.words import WordsError, markdown, plain
from lessonlib.roofline import lab_names
from tests.lesson.made_up import words

WHERE = "01-x decode reveal"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One **bold** number: {{ hundred }}.", "<p>One <strong>bold</strong> number: 100 tok/s.</p>"),
        (
            "{{ eighth | digits(2) }} or {{ eighth | bare }} or {{ hundred | whole }}",
            "<p>12 tok/s or 12.5 or 100 tok/s</p>",
        ),
        ("{{ (2 / 3) | digits(2) }}", "<p>0.67</p>"),
        ("{% if several %}many{% else %}one{% endif %} on {{ lab.name }}", "<p>many on qwen3.5-27b-2xh100-sxm</p>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<table>"),
        ("`--enable-chunked-prefill`", "<p><code>--enable-chunked-prefill</code></p>"),
        ("5 < 6 & 7", "<p>5 &lt; 6 &amp; 7</p>"),
        ("It costs 5 $ or 6 $, so $5 or $6.", "<p>It costs 5 $ or 6 $, so $5 or $6.</p>"),
        ("$\\frac{a}{b}$", '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mfrac>'),
        ("$$x^2$$", 'display="block"'),
    ],
)
def test_what_renders(text: str, html: str) -> None:
    assert html in words().html(text, WHERE)


FAULTS = {
    "misspelt placeholder": ("{{ hundert }}", "there is no working “hundert”; did you mean hundred?"),
    "misspelt in a condition": ("{% if hundert %}x{% endif %}", "there is no working “hundert”"),
    "misspelt attribute": ("{{ hundred.valu }}", "has no attribute 'valu'"),
    "misspelt of one's own lab": ("{{ here.hundert }}", "has no attribute 'hundert'"),
    "open braces": ("{{ hundred }", "the placeholder does not parse"),
    "open condition": ("{% if several %}x", "the placeholder does not parse"),
    "unknown filter": ("{{ hundred | rounded }}", "the placeholder does not parse: No filter named 'rounded'"),
    "filter on nothing": (
        "{{ measured_how | whole }}",
        "a placeholder cannot be filled on the lab qwen3.5-27b-2xh100-sxm",
    ),
    "arithmetic with units": ("{{ hundred * 2 }}", "a placeholder cannot be filled on the lab"),
    "division by zero": ("{{ 1 / 0 }}", "a placeholder cannot be filled on the lab"),
    "unknown source": ('{{ cite("b-paper") }}', "cite('b-paper'): no such source; the lesson lists a-paper"),
    "formula that does not parse": ("$\\sqrt$", "the formula $\\sqrt$ does not parse"),
    "private working": ("{{ _wrong }}", "there is no working “_wrong”"),
    "function of the engine": ("{{ load_lab }}", "there is no working “load_lab”"),
}


@pytest.mark.parametrize("render", ["html", "inline", "plain"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_says_where_and_what(fault: str, render: str) -> None:
    text, expected = FAULTS[fault]
    with pytest.raises(WordsError) as refused:
        getattr(words(), render)(f"Before. {text} After.", WHERE)
    line = str(refused.value)
    assert line.startswith(f"{WHERE}: ") and expected in line and len(line.splitlines()) == 1


def test_a_table_that_would_be_printed_as_pipes_is_refused() -> None:
    table = "| a | {{ lab.title }} |\n|---|---|\n| b | c |\n"
    assert "<td>c</td>" in words().html(table, WHERE)
    for broken in (table.replace("|---|---|", "|---|---|---|"), "Said so:\n\n" + table.replace("| a |", "|")):
        with pytest.raises(WordsError, match=r"no table; a placeholder prints one cell"):
            words().html(broken, WHERE)


def test_a_citation_is_a_numbered_link_with_its_title_escaped() -> None:
    mark = words().html('So it is.{{ cite("a-paper") }}', WHERE)
    assert (
        '<sup class="ll-cite"><a href="https://example.org/a" title="A &quot;paper&quot;" target="_blank" rel="noopener">[1]</a></sup>'
        in mark
    )
    assert plain(mark) == "So it is."


def test_elsewhere_names_the_other_lab_and_here_ones_own() -> None:
    own, other = lab_names()[:2]
    there = words(own).elsewhere(words(other).lab)
    assert there.fill("{{ lab.name }} {{ here.lab.name }}", WHERE) == f"{other} {own}"
    assert there.fill("{{ bandwidth }}", WHERE) == str(words(other).numbers["bandwidth"])
    assert there.fill("{{ here.bandwidth }}", WHERE) == str(words(own).numbers["bandwidth"])
    assert there.elsewhere(words(other).lab).here is words(own).numbers or there.here.lab.name == own


def test_only_what_a_text_names_is_computed() -> None:
    asked = words()
    asked.html("{{ hundred }}", WHERE)
    assert set(asked.numbers._known) == {"hundred"}


def test_a_working_is_computed_once() -> None:
    numbers = words().numbers
    assert numbers["square"] is numbers["square"]
    assert "hundred" in numbers and "hundert" not in numbers and "load_lab" not in numbers
    assert "bandwidth" in set(numbers), "the workings of any lab are there, too"
    assert len(numbers) == len(set(numbers))


def test_plain_and_markdown() -> None:
    assert plain("<p>One <b>bold</b>\n &lt;tag&gt;<sup>1</sup></p>") == "One bold <tag>"
    assert markdown("# {{ title }}") == "<h1>{{ title }}</h1>", "Markdown cells hold no placeholders"


def test_fingerprints_count_numbers_to_four_digits() -> None:
    assert fingerprintable({"a": Quantity(130.7346, "tok/s"), "b": (1.23456, [2, "x", None, True])}) == {
        "a": [130.7, "tok/s"],
        "b": [1.235, [2, "x", None, True]],
    }
