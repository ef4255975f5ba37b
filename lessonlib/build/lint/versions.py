"""What changes with the next version of vLLM stands in data/versions.toml, and words name it from there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.base.versions import PREFIX, vllm
from lessonlib.build.lint.finding import Found, Path, rule
from lessonlib.build.lint.secrets import leaves
from lessonlib.build.lint.shape import Raw
from lessonlib.build.lint.words import path_of

CALL = re.compile(r"""\bvllm\(\s*["']([^"']*)["']\s*\)""")
#: a metric or a flag as it is written
_METRIC = re.compile(rf"(?<![\w:]){PREFIX}([a-z][a-z0-9_]*)")
_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9])")
_VERSION = re.compile(r"\bvLLM v?(\d+\.\d+(?:\.\d+)?)")


@rule("words", "version-names")
def version_names(raw: Raw) -> Iterator[Found]:
    """Flags, metrics and the version of vLLM are not typed: {{ vllm("max-num-seqs") }}, {{ vllm_version }}; the names are there."""
    for where, text in leaves(raw["steps"]):
        path: Path = ("steps", *path_of(where))
        entry = raw["steps"][path[1]]
        for name in CALL.findall(text):
            line = _unknown(name)
            if line:
                yield Found(path, line)
        if "text" in entry:  # an open text: no placeholder may stand there
            yield from (Found(path, line) for name in _METRIC.findall(text) if (line := _unknown(f"{PREFIX}{name}")))
        else:
            yield from (Found(path, line) for line in dict.fromkeys(_typed(text)))


def _unknown(name: str) -> str:
    """Why there is no such name, or nothing."""
    try:
        vllm().name(name)
    except LessonlibError as error:
        return str(error)
    return ""


def _typed(text: str) -> Iterator[str]:
    """What is to be written in place of a name that is typed."""
    for name in _METRIC.findall(text):
        yield _unknown(f"{PREFIX}{name}") or f'{PREFIX}{name} is typed: write {{{{ vllm("{name}") }}}}'
    for name in _FLAG.findall(text):
        if not _unknown(f"--{name}"):
            yield f'--{name} is typed: write {{{{ vllm("{name}") }}}}'
    for version in _VERSION.findall(text):
        if vllm().version == version:
            yield f"vLLM {version} is typed: write vLLM {{{{ vllm_version }}}}"
