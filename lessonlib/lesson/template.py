"""The language of placeholders: names and conditions, and values that stay text whatever is in them.

Templates are the words of lessons, which others write too, so they can do little: print and compare the numbers of a lab,
choose between words, cite a source, name a flag. There are no loops, no definitions and no other calls, so a text is done in time that
grows with its length. What they print comes from outside (a lab, a model, a server): it leaves a template as a mark, and
the text behind it is put in only after the Markdown is HTML. So no title is ever a template, Markdown, HTML or a formula.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes as nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from lessonlib.base.formats import whole_characters
from lessonlib.base.quantity import Quantity, significant

#: the functions that a template may call
CITE, VLLM = "cite", "vllm"
_MOST_DIGITS = 15
_LONGEST = 100_000
#: what a placeholder may consist of
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Call, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat,
    nodes.Tuple, nodes.List,
)  # fmt: skip

# A mark is letters to Markdown, as most values are, so it stands as a word in emphasis, in code and in a table. One of
# markup stands between signs of punctuation, as a tag does. The signs that begin and end them have no other meaning.
_TEXT, _MARKUP, _END = "\ue000", "\ue002", "\ue001"
_EDGE = "\ua874"
_MARK = re.compile(f"{_TEXT}([0-9a-f]*){_END}|{_EDGE}{_MARKUP}([0-9a-f]*){_END}{_EDGE}")
_SIGNS = re.compile(f"[{_TEXT}{_MARKUP}{_END}]")


class TemplateRefusedError(ValueError):
    """A template that does what the words of a lesson may not do: one line says what."""


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox of arithmetic: text is neither multiplied nor formatted."""

    intercepted_binops = frozenset(("*", "%"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply and take remainders of numbers alone."""
        for value in (left, right):
            if isinstance(value, (str, bytes, list, tuple)):
                raise TemplateRefusedError(f"“{operator}” works on numbers, not on a {type(value).__name__}")
        return super().call_binop(context, operator, left, right)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = _Environment(undefined=jinja2.StrictUndefined, autoescape=False, finalize=_marked)
    environment.globals.clear()
    environment.filters = {
        "digits": _digits,
        "whole": lambda quantity: quantity.whole,
        "bare": lambda quantity: quantity.bare,
        "replace": _replace,
        **{name: environment.filters[name] for name in ("abs", "capitalize", "default", "first", "last", "length", "lower", "trim", "upper")},
    }  # fmt: skip
    return environment


def _digits(value: Any, digits: int) -> str:
    """A quantity or a number to so many significant digits."""
    if not 1 <= digits <= _MOST_DIGITS:
        raise TemplateRefusedError(f"digits({digits}): expected 1 to {_MOST_DIGITS}")
    return str(value.show(digits) if isinstance(value, Quantity) else significant(float(value), digits))


def _replace(text: Any, old: str, new: str) -> str:
    """The text with every `old` as `new`."""
    found = str(text)
    if len(found) + found.count(old) * len(new) > _LONGEST:
        raise TemplateRefusedError("replace: the text becomes too long")
    return found.replace(old, new)


@functools.lru_cache(maxsize=4096)
def compiled(text: str) -> tuple[jinja2.Template, frozenset[str]]:
    """A template and the names it mentions. Raises TemplateSyntaxError, or TemplateRefusedError for what words may not do."""
    if _SIGNS.search(text):
        raise TemplateRefusedError("it holds a sign of the private use area (U+E000 to U+E002); take it out")
    environment = _environment()
    try:
        parsed = environment.parse(text)
        for refused in _refused(parsed):
            raise TemplateRefusedError(refused)
        names = jinja2.meta.find_undeclared_variables(parsed)
        return environment.from_string(text), frozenset(names)
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateRefusedError("it is nested too deeply") from None


def _refused(parsed: nodes.Template) -> Iterator[str]:
    for node in parsed.find_all(nodes.Node):
        if isinstance(node, nodes.Call):
            if not (isinstance(node.node, nodes.Name) and node.node.name in (CITE, VLLM)):
                yield f"a placeholder calls nothing but {CITE}(…) and {VLLM}(…); compute it in a working"
        elif not isinstance(node, (*_ALLOWED, nodes.Helper)):
            kind = type(node).__name__.lower()
            yield f"“{kind}” is not for the words of a lesson: they have {{{{ … }}}} and {{% if … %}}; compute it in a working"


# --- what a template prints ------------------------------------------------------------------------------------------


def _marked(value: Any) -> str:
    """What stands for a value until the Markdown is HTML."""
    if isinstance(value, Markup):
        return f"{_EDGE}{_MARKUP}{_hex(str(value))}{_END}{_EDGE}"
    if callable(value) and not isinstance(value, jinja2.Undefined):
        raise TemplateRefusedError("a placeholder prints a value, and this is a function")
    text = whole_characters(str(value))
    return f"{_TEXT}{_hex(text)}{_END}" if text else ""


def _hex(text: str) -> str:
    return text.encode("utf-8").hex()


def holds_value(text: str) -> bool:
    """Whether a value of a placeholder stands in this piece of Markdown, as it is or percent-encoded in an address."""
    return bool(_SIGNS.search(text)) or "%EE%80%8" in text.upper()


def with_values(rendered: str) -> str:
    """HTML with its values in place, as text."""
    return _filled(rendered, lambda text: html.escape(text, quote=False).replace('"', "&quot;"))


def as_text(rendered: str) -> str:
    """What a template printed, as it stands: nothing is escaped."""
    return _filled(rendered, str)


def _filled(rendered: str, write: Callable[[str], str]) -> str:
    def put(mark: re.Match[str]) -> str:
        text = bytes.fromhex(mark[1] if mark[1] is not None else mark[2]).decode("utf-8")
        return write(text) if mark[1] is not None else text

    return _MARK.sub(put, rendered)
