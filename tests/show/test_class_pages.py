"""The files of a class's pages: what a policy without inline scripts lets through, small, and whole without their comments."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest

from lessonlib.lesson.kinds import KINDS
from lessonlib.show.class_pages import FOLDER, LATER, joined, later_files, pages, phone_files, screen_files
from lessonlib.show.scripts import script_files
from tests.show.scripts import deno

HTML = [name for name in pages() if name.endswith(".html")]
#: a text or a template of a script, from its first mark to its last; and a regular expression with a mark in it
TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')
#: what Deno says of a name that nothing gives, in a script whose types went with its comments
NO_NAME = ("TS2304", "TS2305", "TS2552")


@pytest.mark.parametrize("name", HTML)
def test_a_page_has_no_script_or_style_of_its_own_and_asks_only_for_what_there_is(name: str) -> None:
    text = pages()[name][1].decode()
    assert re.findall(r"<style|\son\w+=|\sstyle=|javascript:", text) == []
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    asked = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert asked and [address for address in asked if address not in pages()] == []


def test_no_file_names_another_host() -> None:
    for name, (_, data) in pages().items():
        found = set(re.findall(r"https?://[\w.]+|//[\w-]+\.\w+|@import|url\((?!#)", data.decode()))
        assert found <= {"http://www.w3.org"}, name


@pytest.mark.parametrize(
    "files", [phone_files(), screen_files(), *map(later_files, LATER)], ids=lambda files: files[-1].stem
)
def test_a_script_without_its_comments_says_the_same(files: list[Path]) -> None:
    """Every text that it held is still there, in order; so no mark of a comment was taken for one in a text."""
    whole = "\n".join(path.read_text(encoding="utf-8") for path in files)
    code = re.sub(r"/\*\*.*?\*/", "", whole, flags=re.DOTALL)
    told = [text for line in code.splitlines() if not line.lstrip().startswith("//") for text in TEXT.findall(line)]
    left = [text for line in joined(files).splitlines() for text in TEXT.findall(line)]
    in_comments = [text for text in told if text not in left]
    assert [text for text in told if text not in in_comments] == left
    assert all(re.search(rf"\s// [^\n]*{re.escape(text)}", code) for text in in_comments)


def test_every_kind_of_question_is_drawn_by_the_page_or_by_what_comes_later() -> None:
    asked = {"choice", *LATER, "range", "explain", "note", "closing"}
    assert {name for name, kind in KINDS.items() if kind.votable} <= asked
    assert not KINDS["settings"].votable, "a line of flags is no work for a phone"
    assert {path for module in LATER for path in later_files(module)} <= set(script_files())


def test_a_phone_takes_in_at_most_30_kb_until_any_question_stands_there() -> None:
    sizes = {name: len(gzip.compress(data)) for name, (_, data) in pages().items()}
    always = sum(sizes[name] for name in ("phone.html", "class.svg", "class.css", "phone.js"))
    assert {module: always + sizes[f"{module}.js"] for module in LATER if always + sizes[f"{module}.js"] > 30_000} == {}
    assert sizes["screen.html"] + sizes["screen.js"] + sizes["class.css"] + sizes["screen.css"] < 30_000


def test_what_is_there_is_served() -> None:
    joined_to_others = {"link.js", "shares.css", "wire.d.ts"}
    assert {path.name for path in FOLDER.iterdir()} - joined_to_others <= set(pages())


@pytest.mark.skipif(deno() is None, reason="needs Deno")
def test_each_module_is_given_every_name_that_it_uses(tmp_path: Path) -> None:
    for name, (_, data) in pages().items():
        (tmp_path / name).write_bytes(data)
    modules = [f"{module}.js" for module in LATER]
    (tmp_path / "deno.json").write_text(
        '{"compilerOptions": {"checkJs": true, "strict": false, "lib": ["dom", "dom.iterable", "esnext"]}}'
    )
    told = subprocess.run(
        [deno() or "", "check", "--no-remote", "phone.js", "screen.js", *modules],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, check=False,
    )  # fmt: skip
    assert all(f"Check {name}" in told.stderr for name in modules), told.stderr
    assert [line for line in told.stderr.splitlines() if line.startswith(NO_NAME)] == []
