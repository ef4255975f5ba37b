"""SVG marks as text: one function a mark, numbers rounded so that the same call gives the same bytes.

Lengths are in user units of the sheet; ``look`` names the CSS classes of a mark (sheet.py has them).
"""

from __future__ import annotations

from html import escape


def number(value: float) -> str:
    """A length in user units, at most two decimals, never ``-0`` or ``1.0``."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def points(*values: float) -> str:
    """Coordinates for a path: ``points(1, 2.5)`` is ``"1 2.5"``."""
    return " ".join(number(value) for value in values)


def line(x1: float, y1: float, x2: float, y2: float, look: str = "ink") -> str:
    """A straight line."""
    return f'<path class="{look}" d="M{points(x1, y1)} L{points(x2, y2)}"/>'


def path(d: str, look: str = "ink") -> str:
    """A path; ``d`` is its data, as SVG has it."""
    return f'<path class="{look}" d="{d}"/>'


def rect(x: float, y: float, width: float, height: float, look: str = "ink paper", radius: float = 6) -> str:
    """A rectangle with its upper left corner at (x, y)."""
    size = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect class="{look}" {size} rx="{number(radius)}"/>'


def circle(x: float, y: float, radius: float, look: str = "ink paper") -> str:
    """A circle around (x, y)."""
    return f'<circle class="{look}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>'


def ellipse(x: float, y: float, rx: float, ry: float, look: str = "ink paper") -> str:
    """An ellipse around (x, y) with its two radii."""
    return f'<ellipse class="{look}" cx="{number(x)}" cy="{number(y)}" rx="{number(rx)}" ry="{number(ry)}"/>'


def text(x: float, y: float, words: str, look: str = "", at: str = "middle") -> str:
    """A label with its baseline at ``y``; ``at`` is start, middle or end. ``words`` is escaped here."""
    kind = f' class="{look}"' if look else ""
    return f'<text{kind} x="{number(x)}" y="{number(y)}" text-anchor="{at}">{escape(words, quote=False)}</text>'


def group(*marks: str, look: str = "") -> str:
    """Marks that look and move as one; ``look``: classes for all of them."""
    kind = f' class="{look}"' if look else ""
    return f"<g{kind}>{''.join(marks)}</g>"


def place(mark: str, x: float, y: float, scale: float = 1) -> str:
    """``mark`` drawn around (0, 0), moved to (x, y) and scaled; its lines stay close to their weight."""
    size = f' scale({number(scale)})" style="--line:{number(3 / scale**0.7)}px' if scale != 1 else ""
    return f'<g transform="translate({points(x, y)}){size}">{mark}</g>'


def arrow(x1: float, y1: float, x2: float, y2: float, look: str = "ink", head: float = 9) -> str:
    """A straight arrow along one axis, with an open head at (x2, y2)."""
    if y1 == y2:
        back = x2 - head if x2 > x1 else x2 + head
        tip = f"M{points(back, y2 - head * 0.75)} L{points(x2, y2)} L{points(back, y2 + head * 0.75)}"
    else:
        back = y2 - head if y2 > y1 else y2 + head
        tip = f"M{points(x2 - head * 0.75, back)} L{points(x2, y2)} L{points(x2 + head * 0.75, back)}"
    return path(f"M{points(x1, y1)} L{points(x2, y2)} {tip}", look)
