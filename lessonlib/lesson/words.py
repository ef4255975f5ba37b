"""The words of a lesson: Markdown with placeholders, filled in with one lab's numbers.

A placeholder names a working: ``{{ decode_ceiling }}`` calls ``decode_ceiling(lab)`` of the lesson's
workings. A misspelt name is an error (StrictUndefined), so no text goes out with a hole in it. What a placeholder prints
is text, never Markdown or HTML (:mod:`lessonlib.lesson.template`).
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2
from latex2mathml.converter import convert as mathml
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from lessonlib.base.errors import LessonlibError, close_matches, listed
from lessonlib.base.text import is_web_address
from lessonlib.base.versions import Name, vllm
from lessonlib.lesson.code import SHARED, LessonCode, Working
from lessonlib.lesson.template import CITE, VLLM, TemplateRefusedError, as_text, compiled, holds_value, with_values
from lessonlib.roofline import Lab


class WordsError(LessonlibError):
    """A text of a lesson cannot be rendered: which text, which placeholder."""


class Numbers(Mapping[str, Any]):
    """The workings of a lesson for one lab, each computed when first named and then kept."""

    def __init__(self, workings: Mapping[str, Working], lab: Lab):
        self.workings, self.lab = workings, lab
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self.function(name)(self.lab)
        return self._known[name]

    def function(self, name: str) -> Callable[[Lab], Any]:
        """The working called ``name``; KeyError if there is none of that name."""
        return self.workings[name]

    def __contains__(self, name: object) -> bool:
        return name in self.workings

    def __iter__(self) -> Iterator[str]:
        return iter(self.workings)

    def __len__(self) -> int:
        return len(self.workings)

    def unknown(self, name: str) -> str:
        """What to say of a name that is no working, with those that look like it."""
        near = close_matches(name.removeprefix("here."), list(self.workings))
        return f"there is no working “{name}”" + (
            f"; did you mean {listed(near)}?" if near else " in the lesson's package or in course/shared"
        )


class Words:
    """Renders the texts of one lesson for one lab.

    ``here`` are the numbers of the learner's own lab where a text is about another one
    (a transfer question); otherwise they are the same numbers. ``code`` finds the plots and pictures that are named.
    """

    def __init__(
        self,
        numbers: Numbers,
        sources: Mapping[str, Mapping[str, Any]],
        here: Numbers | None = None,
        code: LessonCode | None = None,
    ):
        self.numbers, self.sources, self.code = numbers, sources, code or LessonCode((SHARED,))
        self.here = here or numbers
        self.lab = numbers.lab

    def elsewhere(self, lab: Lab) -> Words:
        """The same words for another lab; ``here.*`` keeps naming the learner's own."""
        return Words(Numbers(self.numbers.workings, lab), self.sources, self.here, self.code)

    def fill(self, text: str, where: str) -> str:
        """``text`` with its placeholders filled, as it stands: for what is shown as text. ``where`` names it in errors."""
        return as_text(self._printed(text, where))

    def _printed(self, text: str, where: str) -> str:
        """What the template prints: Markdown with a mark for each value."""
        try:
            template, names = compiled(text)
            return template.render(self._context(names))
        except jinja2.UndefinedError as error:
            name = re.match(r"'(\w+)' is undefined", error.message or "")
            raise WordsError(f"{where}: {self.numbers.unknown(name[1]) if name else error.message}") from None
        except jinja2.TemplateError as error:
            raise WordsError(f"{where}: the placeholder does not parse: {error.message}") from None
        except (LessonlibError, TemplateRefusedError) as error:
            raise WordsError(f"{where}: {error}") from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise WordsError(f"{where}: a placeholder cannot be filled on the lab {self.lab.name}: {error}") from None

    def number(self, name: str, where: str) -> Any:
        """The working ``name`` on this lab; ``here.NAME`` is that of the learner's own lab."""
        numbers = self.here if name.startswith("here.") else self.numbers
        bare = name.removeprefix("here.")
        if bare not in numbers:
            raise WordsError(f"{where}: {numbers.unknown(name)}")
        return numbers[bare]

    def _context(self, names: frozenset[str]) -> dict[str, Any]:
        """Only what the text names: nothing is computed in vain, and a misspelt name stays undefined."""
        fixed = {"lab": self.lab, "here": self.here, CITE: self.cite, VLLM: self.vllm}
        computed = {name: self.numbers[name] for name in names if name not in fixed and name in self.numbers}
        return fixed | computed

    def html(self, text: str, where: str) -> str:
        """``text`` as HTML blocks, math as MathML."""
        return _marked_up(_markdown().render, self._printed(text, where), where).strip()

    def inline(self, text: str, where: str) -> str:
        """``text`` as HTML without a paragraph around it, for options and labels."""
        return _marked_up(_markdown().renderInline, self._printed(" ".join(text.split()), where), where)

    def plain(self, text: str, where: str) -> str:
        """``text`` as plain text, for the live region and text/plain."""
        return plain(self.inline(text, where))

    def vllm(self, name: str) -> Name:
        """A flag or a metric of vLLM as one writes it, from data/versions.toml: ``--max-num-seqs``; see :class:`Name` for more."""
        return vllm().name(name)

    def cite(self, key: str) -> Markup:
        """A footnote mark that links to the source ``key`` of the lesson's list."""
        if key not in self.sources:
            raise WordsError(f"cite('{key}'): no such source; the lesson lists {', '.join(sorted(self.sources))}")
        number = list(self.sources).index(key) + 1
        source = self.sources[key]
        mark = link(
            source["url"], f"[{number}]", source["title"]
        )  # brackets: a bare digit behind a unit reads as a power of it
        return Markup(f'<sup class="ll-cite">{mark}</sup>')  # noqa: S704 - our own tags, what they hold is escaped


def link(address: str, shown: str, title: str = "") -> str:
    """A link that opens a page of its own; ``shown`` is HTML. An address that is not on the web is no link."""
    if not is_web_address(address):
        return shown
    told = f' title="{html.escape(title)}"' if title else ""
    return f'<a href="{html.escape(address)}"{told} target="_blank" rel="noopener">{shown}</a>'


def _marked_up(render: Callable[[str], str], text: str, where: str) -> str:
    try:
        return with_values(render(text))
    except WordsError as error:
        raise WordsError(f"{where}: {error}") from None


#: a table's line of dashes
_DASHES = re.compile(r"\|\s*:?-{3}")
#: The tags that a lesson may write as HTML, without attributes. A tag that could act (a script, an image with a handler) is
#: none of them, and neither is one that the words have in Markdown.
_TAGS = ("b", "br", "i", "kbd", "small", "sub", "sup")
_PLAIN_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS)}) ?/?>")
_ANY_TAG = re.compile(r"<[^>]*>?")
_IN_NO_FORMULA = re.compile(r"\\(?:href|class|style|cssId|html)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def _own_tags(state: StateCore) -> None:
    """HTML in the Markdown of a lesson is made of plain tags."""
    for token in (each for outer in state.tokens for each in (outer, *(outer.children or ()))):
        for tag in _ANY_TAG.findall(token.content) if token.type in ("html_inline", "html_block") else ():
            if not _PLAIN_TAG.fullmatch(tag):
                names = ", ".join(f"<{name}>" for name in _TAGS)
                raise WordsError(f"the tag {tag[:60]} is not for words; those are {names}, without attributes")


def _whole_tables(state: StateCore) -> None:
    """A table's line of dashes did not stay a line of text."""
    for token in (each for outer in state.tokens for each in outer.children or ()):
        if token.type == "text" and _DASHES.search(token.content):
            raise WordsError(
                "a table whose head has another number of cells than its line of dashes is no table; a placeholder prints one cell, whatever it holds"
            )


class _Markdown(MarkdownIt):
    """Markdown whose links lead to the web, to a page beside this one, or nowhere."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's own name
        """Whether a link or an image may have this address; otherwise it stays text."""
        if holds_value(url):
            raise WordsError("a placeholder cannot stand in an address")
        return is_web_address(url) or not (_SCHEME.match(url) or url.startswith(("//", "\\")))


@functools.cache
def _markdown() -> MarkdownIt:
    def render_math(content: str, options: dict[str, Any]) -> str:
        if holds_value(content) or _IN_NO_FORMULA.search(content):
            raise WordsError(
                "a formula holds no placeholder, no link and no style; a dollar sign that is no formula is written \\$"
            )
        try:
            return str(mathml(content, display="block" if options["display_mode"] else "inline"))
        except Exception as error:  # the converter raises bare Exceptions of its own
            raise WordsError(f"the formula ${content}$ does not parse: {type(error).__name__}") from None

    markdown = (
        _Markdown("commonmark", {"html": True, "typographer": False})
        .enable("table")
        .use(dollarmath_plugin, renderer=render_math, allow_digits=False, allow_space=False)
    )
    markdown.core.ruler.push("own_tags", _own_tags)
    markdown.core.ruler.push("whole_tables", _whole_tables)
    return markdown


def markdown(text: str) -> str:
    """Plain Markdown, without placeholders, as HTML."""
    return str(_markdown().render(text)).strip()


def inline_markdown(text: str) -> str:
    """One line of Markdown, without placeholders, as HTML without a paragraph around it."""
    return str(_markdown().renderInline(text)).strip()


def plain(markup: str) -> str:
    """HTML as plain text on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<sup.*?</sup>", "", markup))).split())
