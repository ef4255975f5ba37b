"""Text from outside at its worst, and what must hold wherever it is shown.

Whatever a lab file, a model, a server, a journal or a learner says is put into a page beside the same page with harmless
text: both must have the same elements with the same attributes, so the text has become text and nothing else.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

#: A file that a template would make, in the folder in which the tests run.
TOUCHED = "hostile-template-ran"

HARMLESS = "Plain"

HOSTILE: dict[str, str] = {
    "template": "{{ cite.__globals__['html'].__builtins__['open']('hostile-template-ran', 'w') }}",
    "template by classes": "{{ ().__class__.__mro__[1].__subclasses__() }}{{ lipsum.__globals__.os.popen('touch hostile-template-ran') }}",
    "statement": "{% for x in range(9) %}{{ x }}{% endfor %}{% raw %}",
    "open braces": "{{ {% {# }} %} #}",
    "format braces": "{0.__class__} {title!r} %s %(name)s ${x} $x",
    "image": '<img src=x onerror="globalThis.hostile = 1">',
    "script": "<script>globalThis.hostile = 1</script>",
    "end of a script": "</script></style></textarea></title><script>globalThis.hostile = 1</script>",
    "attribute": '" onmouseover="globalThis.hostile = 1" x=\'',
    "single quote": "' onfocus='globalThis.hostile = 1' autofocus='",
    "svg": "<svg onload=globalThis.hostile=1><animate onbegin=globalThis.hostile=1 attributeName=x></svg>",
    "mathml": '<math><maction actiontype="statusline" xlink:href="javascript:globalThis.hostile=1">x</maction></math>',
    "comment": "<!-- --><![CDATA[<b>]]><?php ?>-->",
    "markdown link": "[click](javascript:globalThis.hostile=1) [data](data:text/html,<script>globalThis.hostile=1</script>)",
    "markdown image": "![x](javascript:globalThis.hostile=1) ![y](https://example.org/pixel.png)",
    "autolink": "<javascript:globalThis.hostile=1> <https://example.org/x> https://example.org/y",
    "reference": "[x][y]\n\n[y]: javascript:globalThis.hostile=1",
    "formula": "$x^{$ and $$\\frac{1}$$ and $\\href{javascript:globalThis.hostile=1}{x}$",
    "backticks": "`` ` ``` a `b` ```\n```js\nx\n```",
    "markdown blocks": "# title\n\n* list\n\n| a | b |\n|---|---|\n| c | d |\n\n> quote\n\n---",
    "emphasis": "**bold** _it_ ~~gone~~ \\*kept\\* a_b_c __x__",
    "entities": "&lt;img src=x onerror=globalThis.hostile=1&gt; &amp;lt; &#60;b&#62; &nbsp;",
    "terminal": "\x1b[2J\x1b]0;title\x07\x1b[31mred\r\x08\x0c",
    "c1": "\x9b2J\x9d0;title\x9c\x85\x7f",
    "bidi": "\u202eright to left\u202c \u2066isolated\u2069 \u200f\u061c\u2028\u2029",
    "private use": "\ue0003c623e\ue001 \ue0023c623e\ue001 \ua874\ue0023c623e\ue001\ua874",
    "honest": "A & B <fast> {{ $x^{$ _x_ `tick` Ω 漢字 שלום 👩‍💻 50 % $5 #1 | x",
    "underscore": "_begins with it",
    "long": "<b>" + "long " * 4000,
}

#: Half a character: JSON and file names can hold it, a page and a file cannot.
HALF = "half \ud83d and \udc80"

ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

ALL = " ".join(HOSTILE.values())


def squeezed(text: str) -> str:
    """Text as a page shows it: white space is one space, and signs that are no print are nothing."""
    spaced = "".join(" " if sign.isspace() else sign for sign in text)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).split())


# --- pages -------------------------------------------------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """HTML taken apart: its elements with the names of their attributes, the text, and what each attribute says."""

    html: str
    elements: list[tuple[str, ...]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    __hash__ = object.__hash__

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *sorted(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("declaration", decl))

    def unknown_decl(self, data: str) -> None:
        self.elements.append(("declaration", data))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("instruction", data))

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        """What a reader sees or hears."""
        return squeezed("".join(self.said) + " " + " ".join(value for _, _, value in self.attributes))

    def faults(self) -> list[str]:
        """What no page of ours has."""
        found = [f"<{tag} {name}>" for tag, name, _ in self.attributes if name.lower().startswith("on")]
        found += [f"<{tag}>" for tag, *_ in self.elements if tag in ("script", "iframe", "object", "embed", "maction")]
        for tag, name, value in self.attributes:
            address = "".join(value.split()).lower()
            if name in ("href", "src", "xlink:href", "action", "formaction", "data") and not re.match(
                r"https?://|#|[a-z0-9-]+\.ipynb$", address
            ):
                found.append(f"<{tag} {name}={value[:60]!r}>")
        return found


def assert_same_page(hostile: str, harmless: str, where: str) -> None:
    """The hostile page differs from the harmless one in its text alone."""
    one, other = Page(hostile), Page(harmless)
    assert one.faults() == [], where
    assert one.elements == other.elements, where


#: keys of a view whose text the page sets as HTML; see static/js
HTML_KEYS = frozenset(
    {
        "html", "stem", "feedback", "reveal", "answer", "explanation", "note", "svg", "shown", "missed", "checklist", "parts",
    }
)  # fmt: skip


def html_of(view: Any, inside: str = "") -> Iterator[tuple[str, str]]:
    """(key, HTML) of every text of a view that the page takes for markup."""
    if isinstance(view, Mapping):
        for key, part in view.items():
            own = key in HTML_KEYS or (key == "ask" and inside == "observe")
            if own and not (inside == "guess" or (key == "shown" and isinstance(part, str))):
                texts = part if isinstance(part, list) else [part]
                yield from ((key, text) for text in texts if isinstance(text, str))
            if not isinstance(part, str):
                yield from html_of(part, key)
    elif isinstance(view, (list, tuple)):
        for part in view:
            yield from html_of(part, inside)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_of(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from texts_of(part)


# --- terminals -----------------------------------------------------------------------------------------------------------


def assert_printable(text: str, where: str = "") -> None:
    """Nothing in what is printed acts on a terminal."""
    found = ACTING.search(text)
    assert found is None, f"{where}: {text[max(0, found.start() - 40) : found.end() + 40]!r}"
    text.encode("utf-8")


# --- files -----------------------------------------------------------------------------------------------------------------


def toml_text(text: str) -> str:
    """A basic string of TOML."""
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text.replace("\\", "\\\\")
    )
    return '"' + escaped.replace('"', '\\"') + '"'


def file_name(text: str, most: int = 80) -> str:
    """A name that a file can have, with as much of the text as fits."""
    name = text.replace("/", "∕").replace("\0", "")[:most].encode("utf-8", "replace")[:200]
    return name.decode("utf-8", "ignore").strip(". ") or "x"


#: lab fields that are text, in the order in which they are written
LAB_FIELDS = ("title", "gpu-title", "gpu-link", "gpu-source", "gpu-note", "assumed-key", "assumed", "how", "source", "unit", "flag", "model-title", "model-source")  # fmt: skip


def lab_file(folder: Path, text: str, *, hostile_names: bool = False, model: str = "") -> Path:
    """A lab file whose every field says `text` and the field's name; its model is a config.json of the same kind, or `model`."""

    def said(name: str) -> str:
        return toml_text(f"{text} ({name})")

    home = folder / (file_name(text) if hostile_names else "model")
    home.mkdir(parents=True, exist_ok=True)
    shipped = Path(__file__).parents[1] / "data" / "models" / "qwen3.5-27b.json"
    config = json.loads(shipped.read_text(encoding="utf-8"))
    config |= {"_title": f"{text} (model-title)", "_source": f"{text} (model-source)"}
    (home / "config.json").write_text(json.dumps(config), encoding="utf-8")
    lines = [
        f"title = {said('title')}", f"model = {toml_text(model or str(home / 'config.json'))}", "tp = 2", 'weights = "bf16"',
        'kv = "bf16"', "prompt = 4096", "context = 4096", "gpus_in_lab = 4", f"flags = [{said('flag')}]",
        "[gpu]", 'like = "h100-sxm"', *(f"{key} = {said(f'gpu-{key}')}" for key in ("title", "link", "source", "note")),
        "[traffic]", "prompt_to_generation_low = 19", "prompt_to_generation_high = 47",
        "[assumed]", f"{said('assumed-key')} = {said('assumed')}",
    ]  # fmt: skip
    for phase, value in (("decode", 108), ("prefill", 3288)):
        lines += [f"[measured.{phase}_tokens_per_s]", f"value = {value}", f"unit = {said('unit')}", f"how = {said('how')}", f"source = {said('source')}"]  # fmt: skip
    path = folder / f"{file_name(text) if hostile_names else 'lab'}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
