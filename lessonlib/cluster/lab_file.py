"""A lab file from a reading: the set-up of a known lab, with the numbers that were just measured."""

from __future__ import annotations

import json
from pathlib import Path

from lessonlib.cluster.reading import Reading
from lessonlib.errors import LessonlibError
from lessonlib.roofline import load_lab
from lessonlib.roofline.lab import MEASURABLE, Lab


def write_lab(reading: Reading, base: str, path: Path, when: str) -> Lab:
    """Write the lab file `path` and read it back as the lessons do.

    `base`: the lab (name or file) that says what a server does not tell: GPU, degree of parallelism, precision.
    `when`: date of the measurement. Raises LessonlibError, and leaves an existing file alone, if nothing was measured.
    """
    lab = load_lab(base)
    measured = {key: reading.findings[key] for key in MEASURABLE if reading.findings[key].value is not None}
    if not measured:
        raise LessonlibError(f"{path.name}: not written, neither speed could be measured: {reading.findings[MEASURABLE[0]].reason}")
    if path.suffix != ".toml":
        raise LessonlibError(f"{path}: a lab file ends in .toml")
    lines = [*_set_up(lab, reading), *_assumed(lab)]
    for key, finding in measured.items():
        lines += ["", f"[measured.{key}]", f"value = {finding.value:.6g}", 'unit = "tok/s"']
        lines += [f"how = {_text(f'mean of {reading.requests:.0f} requests over {reading.window_s:.0f} s: {finding.how}')}"]
        lines += [f"source = {_text(f'read from the metrics of this server on {when}')}"]
    text = "\n".join(lines) + "\n"
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise LessonlibError(f"{path}: cannot be written: {error.strerror}") from None
    return load_lab(path)


def _set_up(lab: Lab, reading: Reading) -> list[str]:
    system = lab.system
    lines = [f"title = {_text(f'{lab.title}, as measured')}", f"model = {_text(system.model.name)}", f"gpu = {_text(system.gpu.name)}"]
    lines += [f"tp = {system.tp}", f"weights = {_text(system.weights)}", f"kv = {_text(system.kv)}", f"head = {_text(system.head)}"]
    lines += [f"prompt = {_usual(reading, 'prompt', lab.prompt)}", f"context = {_usual(reading, 'context', lab.context)}"]
    lines += [f"gpus_in_lab = {lab.gpus_in_lab}"]
    if lab.flags:
        lines += [f"flags = [{', '.join(map(_text, lab.flags))}]"]
    ratio = reading.findings["prompt_to_generation"].value
    if ratio:
        lines += ["", "[traffic]", f"prompt_to_generation_low = {ratio:.4g}", f"prompt_to_generation_high = {ratio:.4g}"]
    return lines


def _usual(reading: Reading, what: str, otherwise: int) -> int:
    """Tokens of the usual prompt or context as the requests had them, or those of the base."""
    found = reading.lengths.get(what)
    return max(1, round(found)) if found else otherwise


def _assumed(lab: Lab) -> list[str]:
    kept = {key: text for key, text in lab.assumed.items() if key not in ("lengths", "prompt", "context")}
    kept.setdefault("set-up", f"model, GPU, parallelism and precision as in the lab {lab.name}; the server does not tell")
    return ["", "[assumed]", *(f"{_text(key)} = {_text(text)}" for key, text in kept.items())]


def _text(text: str) -> str:
    """A TOML basic string: the escapes of JSON are a part of those of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
