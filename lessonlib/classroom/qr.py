"""The address of a class as a QR code: for a terminal, and as SVG for a wall."""

from __future__ import annotations

import io


def _made(address: str) -> object:
    import segno  # of the extra `class`

    return segno.make(address, error="m", micro=False)


def svg(address: str) -> bytes:
    """The code as an SVG picture that grows with its place."""
    out = io.BytesIO()
    _made(address).save(out, kind="svg", border=4, xmldecl=False, omitsize=True, dark="#000", light="#fff")  # type: ignore[attr-defined]
    return out.getvalue()


def terminal(address: str) -> str:
    """The code in half blocks, two rows a line; the quiet border around it belongs to it."""
    out = io.StringIO()
    _made(address).terminal(out, border=2, compact=True)  # type: ignore[attr-defined]
    return out.getvalue()
