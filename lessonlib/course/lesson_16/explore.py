"""The explorer: what a step takes on one to eight GPUs, by the tokens in it and by what joins the GPUs."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_16.pair import on_gpus, payload
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import Lab, System, breakdown_seconds, prefill, prefill_load
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.links import effective_link, traffic

_GPUS = (1, 2, 4, 8)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 8192)
#: what joins the GPUs: kind, bytes/s one way by data sheet (None: the lab's own)
_LINKS: dict[str, tuple[str, float | None]] = {
    "NVLink": ("nvlink", None),
    "PCIe 5": ("pcie", 64e9),
    "PCIe 4": ("pcie", 32e9),
    "PCIe 3": ("pcie", 16e9),
}


def link_choices(lab: Lab) -> list[str]:
    """What may join the GPUs."""
    return list(_LINKS)


def link_start(lab: Lab) -> str:
    return next(iter(_LINKS))


def explored_tokens(lab: Lab) -> list[int]:
    """Tokens of a step."""
    return list(_TOKENS)


def _joined(lab: Lab, count: int, link: str) -> System:
    kind, rate = _LINKS[link]
    system = on_gpus(lab, count)
    own = system.gpu.link_bytes_per_second
    # Eight in one box, whatever joins them: the question is the link, not the network.
    gpu = replace(system.gpu, link_kind=kind, link_bytes_per_second=rate or own, gpus_per_node=8)
    return replace(system, gpu=gpu)


@lru_cache(maxsize=512)
def step_parts(lab: Lab, count: int, link: str, tokens: int) -> dict[str, float]:
    """Seconds of a step that reads so many tokens: divided work, what stays, waiting for messages, carrying them."""
    system, load = _joined(lab, count, link), prefill_load(tokens, 1)
    parts = breakdown_seconds(system, load, prefill(system, prompt=tokens).operations)
    stays = parts["launches"] + parts["host"]
    waiting = 0.0
    if count > 1:
        found = traffic(system, load, load_efficiency())[0]
        empty = replace(effective_link(system, load_efficiency()), bytes_per_second=float("inf"))
        waiting = min(float(found.seconds), found.messages * empty.latency_s)
    work = parts["ceiling"] + parts["one after the other"] + parts["utilisation"]
    return {"work": work, "stays": stays, "waiting": waiting, "carrying": parts["links"] - waiting}


def explore_step(lab: Lab, *, tokens: int, link: str) -> Explored:
    """One step on one, two, four and eight GPUs."""
    looks = (("work", "divided work", "memory"), ("stays", "stays", "other"), ("waiting", "messages wait", "kv"))
    bars, whole = [], {}
    for count in _GPUS:
        parts = step_parts(lab, count, link, tokens)
        whole[count] = sum(parts.values())
        shown = [Part(label, parts[name], look) for name, label, look in looks]  # type: ignore[arg-type]
        shown.append(Part("messages carry", parts["carrying"], "compute"))
        bars.append(Bar(f"{count} card{'s' if count > 1 else ''}", shown, str(Quantity(whole[count], "s"))))
    pair = step_parts(lab, 2, link, tokens)
    link_s = pair["waiting"] + pair["carrying"]
    more = "carrying" if pair["carrying"] > pair["waiting"] else "waiting"
    size = Quantity(payload(lab, tokens), "B")
    finding = (
        f"{tokens:,} token{'s' if tokens > 1 else ''} in a step, over {link}: {Quantity(whole[1], 's')} on one card, {Quantity(whole[2], 's')} on two, "
        f"{Quantity(whole[8], 's')} on eight. On two the messages, of {size} each, take {Quantity(link_s, 's')}, most of it {more}."
    )
    return Explored(
        finding=finding,
        values=[
            Value("pair", "Two cards, times as fast as one", Quantity(whole[1] / whole[2], "x"), "expected"),
            Value("quad", "Four", Quantity(whole[1] / whole[4], "x"), "expected"),
            Value("octet", "Eight", Quantity(whole[1] / whole[8], "x"), "expected"),
            Value("size", "Bytes of a message", size, "computed"),
            Value(
                "share", "Messages, of the step of two", Quantity(100 * link_s / whole[2], "%", digits=2), "expected"
            ),
            Value("most", "Most of their time goes into", more, "on two cards"),
        ],
        bars=bars,
        unit="s",
    )
