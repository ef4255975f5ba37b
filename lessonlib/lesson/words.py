"""The words of a lesson: Markdown with placeholders, filled in with one lab's numbers.

A placeholder names a working: ``{{ decode_ceiling }}`` calls ``decode_ceiling(lab)`` of the lesson's
workings. A misspelt name is an error (StrictUndefined), so no text goes out with a hole in it.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2
import jinja2.meta
from latex2mathml.converter import convert as mathml
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from lessonlib.base.errors import LessonlibError, close_matches, listed
from lessonlib.base.quantity import Quantity, significant
from lessonlib.lesson.code import SHARED, LessonCode, Working
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
        """``text`` with its placeholders filled, still Markdown. ``where`` names it in errors."""
        try:
            template, names = _compiled(text)
            return template.render(self._context(names))
        except jinja2.UndefinedError as error:
            name = re.match(r"'(\w+)' is undefined", error.message or "")
            raise WordsError(f"{where}: {self.numbers.unknown(name[1]) if name else error.message}") from None
        except jinja2.TemplateError as error:
            raise WordsError(f"{where}: the placeholder does not parse: {error.message}") from None
        except LessonlibError as error:
            raise WordsError(f"{where}: {error}") from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
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
        fixed = {"lab": self.lab, "here": self.here, "cite": self.cite}
        computed = {name: self.numbers[name] for name in names if name not in fixed and name in self.numbers}
        return fixed | computed

    def html(self, text: str, where: str) -> str:
        """``text`` as HTML blocks, math as MathML."""
        return _marked_up(_markdown().render, self.fill(text, where), where).strip()

    def inline(self, text: str, where: str) -> str:
        """``text`` as HTML without a paragraph around it, for options and labels."""
        return _marked_up(_markdown().renderInline, self.fill(" ".join(text.split()), where), where)

    def plain(self, text: str, where: str) -> str:
        """``text`` as plain text, for the live region and text/plain."""
        return plain(self.inline(text, where))

    def cite(self, key: str) -> str:
        """A footnote mark that links to the source ``key`` of the lesson's list."""
        if key not in self.sources:
            raise WordsError(f"cite('{key}'): no such source; the lesson lists {', '.join(sorted(self.sources))}")
        number = list(self.sources).index(key) + 1
        source = self.sources[key]
        title = html.escape(source["title"], quote=True)
        return f'<sup class="ll-cite"><a href="{html.escape(source["url"], quote=True)}" title="{title}" target="_blank" rel="noopener">{number}</a></sup>'


def _marked_up(render: Callable[[str], str], text: str, where: str) -> str:
    try:
        return render(text)
    except WordsError as error:
        raise WordsError(f"{where}: {error}") from None


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - words of the course are HTML
    environment.filters["digits"] = lambda quantity, digits: (
        quantity.show(digits) if isinstance(quantity, Quantity) else significant(float(quantity), digits)
    )
    environment.filters["whole"] = lambda quantity: quantity.whole
    environment.filters["bare"] = lambda quantity: quantity.bare
    return environment


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[jinja2.Template, frozenset[str]]:
    """A template and the names it mentions."""
    environment = _environment()
    names = jinja2.meta.find_undeclared_variables(environment.parse(text))
    return environment.from_string(text), frozenset(names)


@functools.cache
def _markdown() -> MarkdownIt:
    def render_math(content: str, options: dict[str, Any]) -> str:
        try:
            return str(mathml(content, display="block" if options["display_mode"] else "inline"))
        except Exception as error:  # the converter raises bare Exceptions of its own
            raise WordsError(f"the formula ${content}$ does not parse: {type(error).__name__}") from None

    return (
        MarkdownIt("commonmark", {"html": True, "typographer": False})
        .enable("table")
        .use(dollarmath_plugin, renderer=render_math, allow_digits=False, allow_space=False)
    )


def markdown(text: str) -> str:
    """Plain Markdown, without placeholders, as HTML."""
    return str(_markdown().render(text)).strip()


def inline_markdown(text: str) -> str:
    """One line of Markdown, without placeholders, as HTML without a paragraph around it."""
    return str(_markdown().renderInline(text)).strip()


def plain(markup: str) -> str:
    """HTML as plain text on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<sup.*?</sup>", "", markup))).split())
