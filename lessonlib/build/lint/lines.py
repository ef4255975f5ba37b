"""From a place in a YAML file to its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from lessonlib.build.lint.finding import Path
from lessonlib.lesson.yaml_file import compose_yaml

_QUOTED = re.compile(r"[“'](\S[^”']*)[”']")


class Lines:
    """The lines of a YAML text. One that does not parse has none, and everything is at its first line."""

    def __init__(self, text: str = ""):
        self._text = text.splitlines()
        self._span: dict[Path, tuple[int, int]] = {}
        try:
            root = compose_yaml(text)
        except yaml.YAMLError:  # a file with a wrong byte in it is a finding elsewhere
            root = None
        if root is not None:
            self._span = {path: (start, end) for path, start, end in _spans(root, (), root.start_mark.line)}

    def of(self, path: Path, text: str = "") -> int:
        """The line of ``path`` or of what is nearest above it; where ``text`` quotes a name, the line with that name."""
        while path and path not in self._span:
            path = path[:-1]
        start, end = self._span.get(path, (0, 0))
        for quoted in _QUOTED.findall(text):
            for number in range(start, min(end + 1, len(self._text))):
                if quoted in self._text[number]:
                    return number + 1
        return start + 1


def _spans(node: yaml.Node, path: Path, start: int) -> Iterator[tuple[Path, int, int]]:
    """(place, first line, last line) of a node and everything in it, lines from 0; a key's first line is the key's own."""
    yield path, start, max(start, node.end_mark.line - (node.end_mark.column == 0))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _spans(value, (*path, key.value), key.start_mark.line)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _spans(value, (*path, index), value.start_mark.line)
