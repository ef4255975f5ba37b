"""A manifest of Kubernetes as it would be applied, with this lab's numbers: data/manifests/NAME.yaml."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_text
from lessonlib.base.paths import data_dir
from lessonlib.lesson.block import Tell
from lessonlib.lesson.fragments import ID
from lessonlib.lesson.views import DrawnView
from lessonlib.lesson.yaml_file import parse_yaml

FOLDER = "manifests"
_MOST_BYTES = 20_000
_DASHES = re.compile(r"^---[ ]*$", re.MULTILINE)
_COMMENT = re.compile(r"((?:^|[ ])#.*)$")
_NEEDED = ("apiVersion", "kind", "metadata")


class Manifest(Tell):
    """A text, and below it a manifest; a question about what it does follows."""

    kind = "manifest"
    keys: ClassVar = {**Tell.keys, "file": ID}

    @property
    def path(self) -> Path:
        """Where it stands: data/manifests, or `manifests` beside the file of a lesson of one's own."""
        name = self.lesson.name
        folder = Path(name).parent if name.endswith((".yaml", ".yml")) else data_dir()
        return folder / FOLDER / f"{self.raw['file']}.yaml"

    def filled(self) -> str:
        """The text of the manifest on this lab. Raises LessonlibError, in one line."""
        where = f"{FOLDER}/{self.path.name}"
        return self.lesson.words.fill(read_text(self.path, where, _MOST_BYTES), where).rstrip() + "\n"

    @property
    def printed(self) -> list[str]:
        """Its lines, which are read beside the text."""
        return self.filled().splitlines()

    def objects(self) -> list[dict[str, Any]]:
        """The objects that it declares. Raises LessonlibError, in one line, for what is no manifest."""
        where = f"{FOLDER}/{self.path.name}"
        return [_object(text, where) for text in _DASHES.split(self.filled()) if text.strip()]

    def draw(self) -> DrawnView:
        """The text, then the manifest line by line, its comments set back."""
        told = super().draw()
        body = "\n".join(_COMMENT.sub(r"<i>\1</i>", escape(line, quote=False)) for line in self.printed)
        shown = f'<pre class="ll-manifest" tabindex="0" aria-label="{escape(self.path.name)}"><code>{body}</code></pre>'
        return {**told, "html": told["html"] + shown}


def _object(text: str, where: str) -> dict[str, Any]:
    """One object of a file. Raises LessonlibError if it is none."""
    document = parse_yaml(text, where)
    missing = [key for key in _NEEDED if not isinstance(document, dict) or key not in document]
    if missing:
        raise LessonlibError(f"{where}: an object has {', '.join(_NEEDED)}; this one lacks {', '.join(missing)}")
    found: dict[str, Any] = document
    return found
