"""What a typed line sets on a service: which of its flags count here, which values they may have, and what they mean to the simulator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.formats import parse_json
from lessonlib.base.serve_line import ServeLine, read_serve_line, short
from lessonlib.base.versions import vllm
from lessonlib.course.checkpoint_2.services import Service, running
from lessonlib.roofline import USABLE, System
from lessonlib.serving import Scheduler, Speculation

MOST_SEATS, MOST_TOKENS, MOST_DRAFTS = 4096, 65_536, 8
_LEAST_SHARE, _MOST_SHARE = 0.5, 0.95
_MOST_OF_WATERMARK = 0.5
#: What each flag that counts here may be, as a sentence says it.
_FP8 = ("fp8", "fp8_e4m3")
_WHOLE = re.compile(r"[0-9]{1,9}")
_SHARE = re.compile(r"[0-9]?\.?[0-9]{1,6}")
_COUNT = (
    "max-num-seqs", "max-num-batched-tokens", "long-prefill-token-threshold", "watermark", "gpu-memory-utilization",
    "enable-prefix-caching", "enable-chunked-prefill", "kv-cache-dtype", "speculative-config", "spec-method", "spec-model", "spec-tokens",
    "tensor-parallel-size",
)  # fmt: skip
_DRAFT_KEYS = ("method", "model", "num_speculative_tokens")


@dataclass(frozen=True)
class Settings:
    """weights: format; cache: auto or fp8. seats, tokens: None is what the server takes by the GPU. drafts: 0 is none."""

    weights: str
    cache: str = "auto"
    seats: int | None = None
    tokens: int | None = None
    caching: bool = True
    drafts: int = 0
    one_prompt: int = 0
    watermark: float = 0.0
    share: float | None = None

    def system(self, service: Service) -> System:
        """The service's GPUs with these formats."""
        return running(service, self.weights, self.cache)

    def scheduler(self, service: Service) -> Scheduler:
        """The simulator's scheduler."""
        drafts = service.drafts
        speculation = Speculation(self.drafts, drafts.acceptance, drafts.each_s) if self.drafts and drafts else None
        return Scheduler(
            max_num_seqs=self.seats,
            max_num_batched_tokens=self.tokens,
            prefix_caching=self.caching,
            long_prefill_tokens=self.one_prompt,
            watermark=self.watermark,
            speculation=speculation,
            memory_share=USABLE if self.share is None else self.share,
        )


def read_settings(service: Service, line: object) -> Settings:
    """What a line sets. Raises LessonlibError, in one line, for one that this service cannot run."""
    found = read_serve_line(line)
    if found.model not in service.checkpoints:
        raise LessonlibError(f"There is no “{short(found.model)}” here; there is {listed(service.checkpoints)}.")
    for name in found.flags:
        if name not in _COUNT:
            raise LessonlibError(
                f"--{name} is a flag of vLLM {vllm().version}, but changes nothing that is judged here: leave it out."
            )
    settings = Settings(
        service.checkpoints[found.model],
        _cache(service, found),
        _number(found, "max-num-seqs", 1, MOST_SEATS),
        _number(found, "max-num-batched-tokens", 1, MOST_TOKENS),
        found.flags.get("enable-prefix-caching", True) is True,
        _drafts(service, found),
        _number(found, "long-prefill-token-threshold", 0, MOST_TOKENS) or 0,
        _share(found, "watermark", 0.0, _MOST_OF_WATERMARK) or 0.0,
        _share(found, "gpu-memory-utilization", _LEAST_SHARE, _MOST_SHARE),
    )
    if found.flags.get("enable-chunked-prefill", True) is not True:
        raise LessonlibError("--no-enable-chunked-prefill is not judged here: leave it out.")
    _check_split(service, found)
    _check_budget(settings)
    return settings


def _check_split(service: Service, found: ServeLine) -> None:
    gpus = service.system.gpus
    asked = _number(found, "tensor-parallel-size", 1, 1024) or 1
    if asked != gpus:
        raise LessonlibError(f"This service has {gpus} GPU{'s' * (gpus > 1)}: --tensor-parallel-size {gpus}.")


def _check_budget(settings: Settings) -> None:
    """As the server refuses at its start: a budget below its seats."""
    if settings.seats and settings.tokens and settings.tokens < settings.seats:
        raise LessonlibError(
            f"--max-num-batched-tokens {settings.tokens} is below --max-num-seqs {settings.seats}: the server would not start. Raise it, or lower the seats."
        )
    if settings.tokens and settings.tokens < 1 + settings.drafts:
        raise LessonlibError(
            f"--max-num-batched-tokens {settings.tokens} leaves no room for one request with {settings.drafts} drafts."
        )


def _number(found: ServeLine, name: str, least: int, most: int) -> int | None:
    text = found.flags.get(name)
    if text is None:
        return None
    typed = str(text).strip().replace(",", "")
    if not (typed.isascii() and _WHOLE.fullmatch(typed)) or not least <= int(typed) <= most:
        raise LessonlibError(f"--{name} takes a whole number from {least} to {most:,}, not “{short(str(text))}”.")
    return int(typed)


def _share(found: ServeLine, name: str, least: float, most: float) -> float | None:
    text = found.flags.get(name)
    if text is None:
        return None
    typed = str(text).strip()
    if not (typed.isascii() and _SHARE.fullmatch(typed)) or not least <= float(typed) <= most:
        raise LessonlibError(f"--{name} takes a share from {least:g} to {most:g} here, not “{short(str(text))}”.")
    return float(typed)


def _cache(service: Service, found: ServeLine) -> str:
    asked = str(found.flags.get("kv-cache-dtype", "auto")).strip()
    if asked in ("auto", "bfloat16"):
        return "auto"
    if asked not in _FP8:
        raise LessonlibError(f"--kv-cache-dtype is auto or fp8 here, not “{short(asked)}”.")
    if "fp8" not in service.cache:
        raise LessonlibError("With a cache in fp8 this service failed its own test: --kv-cache-dtype auto.")
    return "fp8"


def _drafts(service: Service, found: ServeLine) -> int:
    """Drafted tokens a step, by the JSON of --speculative-config or by the flags that stand for it."""
    plain = {name: found.flags[name] for name in ("spec-method", "spec-model", "spec-tokens") if name in found.flags}
    if "speculative-config" in found.flags:
        if plain:
            raise LessonlibError(
                "--speculative-config and the flags that stand for it say the same thing: keep one of them."
            )
        asked = _config(str(found.flags["speculative-config"]))
        method, tokens = asked.get("method"), asked.get("num_speculative_tokens")
    elif plain:
        method, tokens = plain.get("spec-method"), plain.get("spec-tokens")
    else:
        return 0
    if service.drafts is None:
        raise LessonlibError("Nobody has drafts for this service: leave the drafts out.")
    if method != service.drafts.method:
        raise LessonlibError(
            f"The method of drafts is {service.drafts.method} here: --spec-method {service.drafts.method}."
        )
    text = str(tokens).strip()
    if tokens is None or isinstance(tokens, bool) or not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST_DRAFTS:
        raise LessonlibError(f"--spec-tokens takes a whole number from 1 to {MOST_DRAFTS}. No drafts: leave both out.")
    return int(text)


def _config(text: str) -> Mapping[str, object]:
    try:
        found = parse_json(text, "--speculative-config")
    except LessonlibError:
        found = None
    if not isinstance(found, dict) or set(found) - set(_DRAFT_KEYS):
        raise LessonlibError(
            f"--speculative-config takes a JSON object in single quotation marks, with {listed(_DRAFT_KEYS)} only."
        )
    return found


def line_of(service: Service, settings: Settings) -> str:
    """The line that sets it, every flag that counts here written out."""
    path = next(path for path, weights in service.checkpoints.items() if weights == settings.weights)
    parts = [f"vllm serve {path}"]
    if service.system.gpus > 1:
        parts.append(f"--tensor-parallel-size {service.system.gpus}")
    if settings.seats:
        parts.append(f"--max-num-seqs {settings.seats}")
    if settings.tokens:
        parts.append(f"--max-num-batched-tokens {settings.tokens}")
    parts.append("--enable-prefix-caching" if settings.caching else "--no-enable-prefix-caching")
    parts.append(f"--kv-cache-dtype {settings.cache}")
    if settings.drafts and service.drafts:
        parts.append(f"--spec-method {service.drafts.method} --spec-tokens {settings.drafts}")
    return " ".join(parts)
