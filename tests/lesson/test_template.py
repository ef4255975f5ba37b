"""The language of placeholders: what it may do, what it may not, and values that stay text."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.lesson.block import sources_html
from lessonlib.lesson.code import Working
from lessonlib.lesson.words import Numbers, Words, WordsError, inline_markdown, plain
from lessonlib.roofline import load_lab
from tests.hostile import HALF, HOSTILE, TOUCHED, Page, squeezed
from tests.lesson.made_up import words

WHERE = "09-x item text"


def titled(title: str, **values: Any) -> Words:
    """Words for a lab of this title; ``values`` are further workings."""
    lab = replace(load_lab(), title=title)
    workings = {name: _gives(value) for name, value in values.items()}
    return Words(Numbers(workings, lab), {})


def _gives(value: Any) -> Working:
    return lambda _lab: value


# --- values stay text -------------------------------------------------------------------------------------------------

SHAPES = {
    "a paragraph": ("{{ lab.title }}", "<p>{}</p>"),
    "amid words": ("On {{ lab.title }}, so.", "<p>On {}, so.</p>"),
    "bold": ("**{{ lab.title }}**", "<p><strong>{}</strong></p>"),
    "code": ("`{{ lab.title }}`", "<p><code>{}</code></p>"),
    "a list": ("- {{ lab.title }}", "<ul>\n<li>{}</li>\n</ul>"),
    "a table": ("| a |\n|---|\n| {{ lab.title }} |", "<td>{}</td>"),
    "a fence": ("```\n{{ lab.title }}\n```", "<pre><code>{}\n</code></pre>"),
    "small print": ("<small>{{ lab.title }}</small>", "<small>{}</small>"),
    "a title of a link": ('[x](https://example.org "{{ lab.title }}")', 'title="{}"'),
    "joined": ("{{ lab.title ~ '' }}", "<p>{}</p>"),
    "chosen": ("{{ lab.title if lab.title else 'none' }}", "<p>{}</p>"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_is_text_wherever_it_stands(shape: str, name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    text, expected = SHAPES[shape]
    title = HOSTILE[name]
    shown = titled(title).html(text, WHERE)
    escaped = html.escape(title, quote=False).replace('"', "&quot;")
    assert expected.format("\0").replace("\0", escaped) in shown
    assert squeezed(title) in Page(shown).text and Page(shown).faults() == []
    assert not Path(TOUCHED).exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_plain_text_of_a_value_is_the_value(name: str) -> None:
    asked = titled(HOSTILE[name])
    assert asked.plain("x {{ lab.title }} y", WHERE) == " ".join(f"x {HOSTILE[name]} y".split())
    assert asked.fill("{{ lab.title }}", WHERE) == HOSTILE[name]


def test_half_a_character_does_not_stop_a_page() -> None:
    assert titled(HALF).html("{{ lab.title }}", WHERE) == "<p>half \ufffd and \ufffd</p>"


def test_the_unit_of_a_value_is_text_too() -> None:
    shown = titled("x", speed=Quantity(3, "<b>tok</b>")).html(
        "{{ speed }} {{ speed | digits(2) }} {{ speed | whole }}", WHERE
    )
    assert shown == "<p>" + " ".join(["3 &lt;b&gt;tok&lt;/b&gt;"] * 3) + "</p>"


# --- what a template may not do ---------------------------------------------------------------------------------------

REFUSED = {
    "an attribute of a class": "{{ lab.__class__ }}",
    "globals of a working": "{{ here.workings['hundred'].__globals__ }}",
    "the function of a method": "{{ cite.__func__ }}",
    "globals of cite": "{{ cite.__globals__ }}",
    "an item by that name": "{{ lab['__class__'] }}",
    "a private part": "{{ here._known }}",
    "a call of a method": "{{ here.function('hundred') }}",
    "a call of a value": "{{ lab.system.gpu.peak(('bf16',)) }}",
    "a call of text": "{{ lab.title.format(1) }}",
    "a function that is printed": "{{ cite }}",
    "a method that is printed": "{{ here.function }}",
    "a global of jinja": "{{ lipsum() }}",
    "a range": "{{ range(9) }}",
    "a loop": "{% for x in lab.flags %}{{ x }}{% endfor %}",
    "a macro": "{% macro m() %}x{% endmacro %}",
    "a definition": "{% set x = 1 %}{{ x }}",
    "a block set": "{% set x %}y{% endset %}",
    "an import": "{% import 'x' as y %}",
    "an include": "{% include 'x' %}",
    "a filter block": "{% filter upper %}x{% endfilter %}",
    "the filter attr": "{{ lab | attr('__class__') }}",
    "the filter map": "{{ lab.flags | map('upper') }}",
    "the filter safe": "{{ lab.title | safe }}",
    "the filter format": "{{ '%999999999d' | format(1) }}",
    "text that is formatted": "{{ '%999999999d' % 1 }}",
    "text that is multiplied": "{{ 'x' * 1000000000 }}",
    "a list that is multiplied": "{{ [1] * 1000000000 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "endless digits": "{{ hundred | digits(1000000000) }}",
    "text that grows": "{{ 'x' * 3 }}" + "{{ lab.title | replace('', lab.title) }}" * 3,
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep signs": "{{ " + "-" * 20000 + "1 }}",
    "deep conditions": "{% if several %}" * 300 + "x" + "{% endif %}" * 300,
    "a value in an address": "[x]({{ lab.title }})",
    "a value in part of an address": "[x](https://example.org/{{ lab.name }})",
    "a value in an image's address": "![x]({{ lab.name }})",
    "a value in a reference": "[x]\n\n[x]: {{ lab.title }}",
    "a value in an autolink": "<https://example.org/{{ lab.name }}>",
    "a value in a formula": "$x + {{ hundred }}$",
    "a value in a tag": "<small title='{{ lab.title }}'>x</small>",
    "a script": "<script>1</script>",
    "a script of many lines": "<script>\n1\n</script>",
    "an image as HTML": "x <img src=x onerror=1>",
    "a tag with an attribute": "<small onclick='1'>x</small>",
    "a frame": "<iframe src=x></iframe>",
    "an unfinished tag": "<div\nonclick=1",
    "a comment": "<!-- x -->",
    "a link in a formula": "$\\href{javascript:1}{x}$",
    "signs of marks": "\ue0023c623e\ue001",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_template_that_does_more_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(WordsError) as refused:
        words().html(REFUSED[name], WHERE)
    assert str(refused.value).startswith(WHERE) and len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("address", ["javascript:1", "JavaScript:1", "&#106;avascript:1", "java\tscript:1", "data:text/html,x", "vbscript:1", "file:///etc/passwd", "//example.org", "ftp://example.org"])  # fmt: skip
def test_a_link_leads_to_the_web_or_nowhere(address: str) -> None:
    for text in (f"[x]({address})", f"![x]({address})", f"<{address}>", f"[x]: {address}\n\n[x]"):
        try:
            shown = words().html(text, WHERE)
        except WordsError:
            continue
        assert Page(shown).attributes == []
    for address in ("https://example.org/a?b=c#d", "01-prefill-vs-decode.ipynb", "#part"):
        assert words().html(f"[x]({address})", WHERE) == f'<p><a href="{address}">x</a></p>'


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", 'https://x/" onmouseover="1', "https://x/\u202e", ""]
)
def test_a_source_that_is_not_on_the_web_is_no_link(url: str) -> None:
    source = {"title": "A **title**", "by": "<b>", "says": "x", "url": url}
    assert sources_html({"a": source}) == '<ol class="ll-sources"><li>A <strong>title</strong>, &lt;b&gt;. x</li></ol>'
    mark = Words(Numbers({}, load_lab()), {"a": source}).html("{{ cite('a') }}", WHERE)
    assert mark == '<p><sup class="ll-cite">[1]</sup></p>'


def test_a_source_of_others_holds_no_markup() -> None:
    with pytest.raises(LessonlibError):
        inline_markdown("<img src=x onerror=1>")


def test_what_words_say_now_they_say_still() -> None:
    text = "**So it is.**{{ cite('a-paper') }} {{ hundred }} {% if several %}x{% endif %} <small>y</small>"
    assert plain(words().html(text, WHERE)) == "So it is. 100 tok/s x y"
    assert "<strong>So it is.</strong><sup" in words().html(text, WHERE)
