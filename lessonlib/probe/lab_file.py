"""A lab file from a reading: the set-up of a known lab, with the numbers that were just measured."""

from __future__ import annotations

import json
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import NoFileError, read_bytes, write_text
from lessonlib.base.formats import parse_toml
from lessonlib.probe.reading import Reading
from lessonlib.roofline import GPU, MEASURABLE, READ_LIVE, Lab, gpu_description, gpu_names, load_lab, read_lab

#: The first line of what is written here, and so of what may be replaced without asking.
_MARK = (
    "# Written from the metrics of a live server; the next look replaces this file. To keep it, give it another name."
)
_SUFFIX = ", as measured"


def write_lab(reading: Reading, lab: Lab, path: Path, when: str) -> Lab:
    """Write the lab file `path`, as the lessons can read it.

    `lab`: the one that says what a server does not tell: GPU, degree of parallelism, precision.
    `when`: date of the measurement. Raises LessonlibError, and leaves an existing file alone, if nothing was
    measured, or if somebody else wrote that file.
    """
    measured = {key: reading.findings[key] for key in MEASURABLE if reading.findings[key].value is not None}
    if not measured:
        raise LessonlibError(
            f"{path.name}: not written, neither speed could be measured: {reading.findings[MEASURABLE[0]].reason}"
        )
    if path.suffix != ".toml":
        raise LessonlibError(f"{path}: a lab file ends in .toml")
    lines = [_MARK, *_set_up(lab, reading), *_own_gpu(lab.system.gpu), *_assumed(lab)]
    for key, finding in measured.items():
        lines += ["", f"[measured.{key}]", f"value = {finding.value:.6g}", 'unit = "tok/s"']
        lines += [f"how = {_text(f'mean of {reading.requests:.0f} requests {reading.span}: {finding.how}')}"]
        lines += [f"source = {_text(f'{READ_LIVE}{when}')}"]
    text = "\n".join(lines) + "\n"
    _check(text, path, lab)
    write_text(path, text)
    return load_lab(path)


def _check(text: str, path: Path, lab: Lab) -> None:
    """Before anything is replaced: that lessons can read it, and that nobody's own file is lost."""
    try:
        read_lab(parse_toml(text, str(path)), path.stem, str(path))
    except LessonlibError as error:
        raise LessonlibError(
            f"{path.name}: not written, the set-up of {lab.title} cannot be told in a file of its own: {error}"
        ) from None
    try:
        ours = read_bytes(path).startswith(_MARK.encode())
    except NoFileError:
        ours = True
    if not ours:
        raise LessonlibError(f"{path}: not written, somebody else's file is there; give another name")


def _set_up(lab: Lab, reading: Reading) -> list[str]:
    system = lab.system
    lines = [f"title = {_text(lab.title.removesuffix(_SUFFIX) + _SUFFIX)}", f"model = {_text(system.model.name)}"]
    lines += [f"gpu = {_text(system.gpu.name)}"] if system.gpu.name in gpu_names() else []
    lines += [
        f"tp = {system.tp}",
        f"weights = {_text(system.weights)}",
        f"kv = {_text(system.kv)}",
        f"head = {_text(system.head)}",
    ]
    lines += [
        f"prompt = {_usual(reading, 'prompt', lab.prompt)}",
        f"context = {_usual(reading, 'context', lab.context)}",
    ]
    lines += [f"gpus_in_lab = {lab.gpus_in_lab}"]
    if lab.flags:
        lines += [f"flags = [{', '.join(map(_text, lab.flags))}]"]
    ratio = reading.findings["prompt_to_generation"].value
    if ratio:
        lines += [
            "",
            "[traffic]",
            f"prompt_to_generation_low = {ratio:.4g}",
            f"prompt_to_generation_high = {ratio:.4g}",
        ]
    return lines


def _own_gpu(gpu: GPU) -> list[str]:
    """A GPU that the base lab describes, as a table of all its values."""
    if gpu.name in gpu_names():
        return []
    keys = gpu_description(gpu)
    return [
        "",
        "[gpu]",
        *(f"{key} = {_text(value) if isinstance(value, str) else f'{value:.10g}'}" for key, value in keys.items()),
    ]


def _usual(reading: Reading, what: str, otherwise: int) -> int:
    """Tokens of the usual prompt or context as the requests had them, or those of the base."""
    found = reading.lengths.get(what)
    return max(1, round(found)) if found else otherwise


def _assumed(lab: Lab) -> list[str]:
    kept = {key: text for key, text in lab.assumed.items() if key not in ("lengths", "prompt", "context")}
    kept.setdefault(
        "set-up", f"model, GPU, parallelism and precision as in the lab {lab.name}; the server does not tell"
    )
    return ["", "[assumed]", *(f"{_text(key)} = {_text(text)}" for key, text in kept.items())]


def _text(text: str) -> str:
    """A TOML basic string: the escapes of JSON are a part of those of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
