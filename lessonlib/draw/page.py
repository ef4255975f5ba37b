"""A page that stands alone: one file that asks nobody for anything, in light and dark, and on paper."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from lessonlib.base.formats import whole_characters

#: The look of a page. Blue and vermillion are Okabe-Ito's, lightened or darkened until they hold 3:1 on the page.
STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --page: #fff; --soft: #555; --line: #d4d4d4; --wash: #f5f5f5; --first: #0072b2; --second: #b34a00; --true: #007a59; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --page: #16181a; --soft: #b0b4b8; --line: #45494d; --wash: #202326; --first: #6cbcf0; --second: #f5a35c; --true: #4fd0a5; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--page); overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; border-top: 1px solid var(--line); padding-top: 1rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
a { color: inherit; } table { border-collapse: collapse; width: 100%; margin: .8rem 0; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); font-weight: 400; } thead th { font-weight: 600; }
figure { margin: .6rem 0; max-width: 34rem; } svg { width: 100%; height: auto; font-size: 13px; } figcaption, small { font-size: .9em; color: var(--soft); }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--soft); white-space: pre-wrap; overflow-wrap: anywhere; }
pre { overflow-x: auto; } .ll-met td { white-space: nowrap; }
@media (max-width: 30rem) { body { padding: 0 .6rem; } table { font-size: .8rem; hyphens: auto; } th, td { padding-right: .3rem; } thead th, tbody th { overflow-wrap: anywhere; } pre { font-size: .75rem; } }
@media print { :root { color-scheme: light; --ink: #000; --page: #fff; --soft: #444; --line: #bbb; --wash: #f5f5f5; --first: #0072b2; --second: #b34a00; --true: #007a59; } body { margin: 0; max-width: none; } pre { white-space: pre-wrap; overflow-wrap: anywhere; } tr, figure { break-inside: avoid; } h2, h3, caption, thead { break-after: avoid; } details > summary { display: none; } }
"""


def page(title: str, body: str, style: str = "") -> str:
    """A whole HTML page. ``title`` is text, ``body`` HTML, ``style`` more rules. Whatever stands in it, it runs nothing and
    asks nobody for anything: its policy lets no style in but its own, told by its hash.
    """
    rules = whole_characters(STYLE + style)
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy(style)}">'
    look = '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
    named = f"<title>{escape(title)}</title><style>{rules}</style>"
    return whole_characters(
        f'<!doctype html><html lang="en"><head>{head}{look}{named}</head><body><main>{body}</main></body></html>\n'
    )


def policy(style: str = "") -> str:
    """The content security policy of a page with these more rules, as its header says it too."""
    digest = base64.b64encode(hashlib.sha256(whole_characters(STYLE + style).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
