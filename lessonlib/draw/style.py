"""How a still figure looks, and how it becomes HTML that follows the theme of the page.

Figures are drawn with a stand-in colour for ink; in the SVG it becomes ``currentColor``, so one
drawing serves light and dark pages. Data are drawn in Okabe-Ito colours, blue for memory and vermillion
for compute; each keeps 3:1 on both pages or has an edge that does, and a sign or a pattern of its own.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.files import write_bytes
from lessonlib.base.quantity import rounded
from lessonlib.base.text import printable_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK = "#010203"
PAPER = "#fdfefb"  # of a legend, so that no line runs through its words; near white, as a file of its own has it
MEMORY = "#0072b2"
COMPUTE = "#d55e00"
STATE = "#009e73"
KV = "#56b4e9"
WIDTH = 5.4
#: Kinds of files that a figure may be written to.
SUFFIXES = (".svg", ".png", ".pdf")
_DATA_DIGITS = 4
_LONGEST_LABEL = 60
_MAX_WIDTH = "36rem"
_PAGE = "var(--gp-back, var(--jp-layout-color0, #fff))"
_FONT = "var(--jp-content-font-family, system-ui, sans-serif)"
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lessonlib",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "hatch.linewidth": 1.2,
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Described:
    """What a figure shows, before a stroke is drawn: enough for its seal.

    data: the plotted numbers. alt: the finding with its numbers, in plain text.
    """

    data: dict[str, Any]
    alt: str

    @property
    def sealed(self) -> dict[str, Any]:
        """The plotted numbers to 4 significant digits."""
        rounded_data: dict[str, Any] = _round(self.data)
        return rounded_data


@dataclass(frozen=True)
class Figure:
    """A finished figure.

    html: ``<figure>`` with inline SVG and a caption. alt: the finding with its numbers, in plain text.
    data: the plotted numbers to 4 significant digits, as :attr:`Described.sealed` gives them.
    """

    html: str
    alt: str
    data: dict[str, Any]

    def _repr_html_(self) -> str:
        return self.html


class Plot(Protocol):
    """What a module in ``plots/`` offers: both take the lab, and :func:`draw` draws what :func:`describe` says.

    The seal of a plot needs :func:`describe` alone, so a notebook in which nothing is revealed never loads matplotlib.
    """

    def describe(self, lab: Any) -> Described:
        """The numbers of the figure and what it shows, without a stroke drawn."""

    def draw(self, lab: Any) -> Figure:
        """The figure; its numbers and its alternative text are those of :func:`describe`."""


@contextmanager
def axes(height: float, **margins: float) -> Iterator[Axes]:
    """Axes in the house style, `height` inches tall; margins in inches (left, right, top, bottom).

    Margins are given, not measured, so that the drawing does not depend on the fonts of the machine.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_SETTINGS):
        canvas = Canvas(figsize=(WIDTH, height))
        canvas.patch.set_alpha(0)
        plot = canvas.add_axes(
            (
                margins["left"] / WIDTH,
                margins["bottom"] / height,
                1 - (margins["left"] + margins["right"]) / WIDTH,
                1 - (margins["top"] + margins["bottom"]) / height,
            )
        )
        plot.patch.set_alpha(0)
        yield plot


def finish(plot: Axes, name: str, lab_name: str, shown: Described) -> Figure:
    """The figure as HTML. Call it inside the ``with axes(...)`` block. The alternative text is the caption too."""
    numbers, alt = shown.sealed, shown.alt
    told = hashlib.sha256(repr((name, lab_name, numbers)).encode()).hexdigest()[:8]
    svg = _inline(_svg(_canvas(plot)), f"plot-{name}-{told}")
    label = escape(alt, quote=True)
    look = f"margin:1em 0;max-width:{_MAX_WIDTH};color:var(--jp-content-font-color1, inherit)"
    html = (
        f'<figure class="plot" role="img" aria-label="{label}" style="{look}">{svg}'
        f'<figcaption style="margin-top:.4em;font-size:.93em;line-height:1.45">{escape(alt)}</figcaption></figure>'
    )
    return Figure(html=html, alt=alt, data=numbers)


def save(plot: Axes, path: Path) -> None:
    """Write the figure to a file of its own, on white, by the suffix of its name, one of SUFFIXES.

    Call it inside the ``with axes(...)`` block. Raises LessonlibError for another suffix and for a file that cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise LessonlibError(f"--plot {path}: expected a file that ends in {listed(SUFFIXES)}")
    canvas = _canvas(plot)
    _as_text(canvas)
    _legends(canvas)
    canvas.patch.set_alpha(1)
    canvas.patch.set_facecolor("#ffffff")
    file = io.BytesIO()
    canvas.savefig(file, dpi=200, format=path.suffix.lower().removeprefix("."))
    write_bytes(path, file.getvalue(), f"--plot {path}")


def faint(colour: str) -> str:
    """A colour of the palette for the inside of marks that may cover each other; their edge keeps the colour itself."""
    return f"{colour}80"


def label(words: str) -> str:
    """Words of a lab for a legend: one line that leaves room for the others, also if it begins with an underscore (a legend
    leaves such words out).
    """
    line = " ".join(words.split())
    line = line if len(line) <= _LONGEST_LABEL else f"{line[: _LONGEST_LABEL - 1]}…"
    return f"\u200b{line}" if line.startswith("_") else line


def _as_text(canvas: Canvas) -> None:
    """Take signs out of all words that no file of a figure can hold. Formulas are off (text.parse_math)."""
    from matplotlib.text import Text

    for text in canvas.findobj(Text):
        text.set_text(printable_lines(text.get_text()))


def _canvas(plot: Axes) -> Canvas:
    """The whole figure of axes made by :func:`axes`, which stand in no part of another one."""
    return cast("Canvas", plot.figure)


def _legends(canvas: Canvas) -> None:
    """Give each legend a ground of the colour of the page."""
    for plot in canvas.axes:
        legend = plot.get_legend()
        if legend is not None:
            legend.set_frame_on(True)
            legend.get_frame().set(facecolor=PAPER, edgecolor="none", alpha=0.85)


def _svg(canvas: Canvas) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(canvas)
    _as_text(canvas)
    _legends(canvas)
    file = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # letters that our font lacks are drawn by the page's
        canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _inline(svg: str, prefix: str) -> str:
    """Matplotlib's SVG made fit to stand in a page: no prolog, no rules for other drawings, own ids."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<style.*?</style>\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>\s*", "", svg)
    svg = re.sub(r"<[^>]*>", lambda tag: _own_tag(tag[0], prefix), svg)  # what stands between tags is text, not ours
    style = f"display:block;width:100%;height:auto;overflow:visible;stroke-linejoin:round;font-family:{_FONT}"
    sized = r'<svg ([^>]*?)width="[^"]*" height="[^"]*"'
    return re.sub(sized, rf'<svg aria-hidden="true" style="{style}" \1', svg, count=1)


def _own_tag(tag: str, prefix: str) -> str:
    tag = tag.replace(INK, "currentColor").replace("#000000", "currentColor").replace(PAPER, _PAGE)
    tag = re.sub(r'\bid="', f'id="{prefix}-', tag)
    tag = re.sub(r"url\(#", f"url(#{prefix}-", tag)
    tag = re.sub(r'href="#', f'href="#{prefix}-', tag)
    return re.sub(r"font-family: [^;\"]*|(?<=px )'DejaVu Sans'", "", tag)


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _round(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_round(item) for item in value]
    return rounded(value, _DATA_DIGITS) if isinstance(value, float) else value


def short(value: float) -> str:
    """A number for an axis: 1k, 10k, 2.5M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
