"""The numbers that a person may type behind an option: one table of their limits, checked before anything is computed.

A number is written in ASCII digits, as `base.checks.typed_number` reads it; each --help says its limits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lessonlib.base.checks import typed_number
from lessonlib.base.errors import shown


@dataclass(frozen=True)
class Limit:
    """A number from `least` to `most`; `whole`: without a fraction, written in digits alone. As `type=` of argparse."""

    least: float
    most: float
    whole: bool = False

    def __str__(self) -> str:
        return f"{_plain(self.least)} to {_plain(self.most)}"

    def __call__(self, text: str) -> float:
        """The number, an int if it is whole; ArgumentTypeError says the limits."""
        digits = text.removeprefix("-")
        try:
            if self.whole and not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(int(self.most)))):
                raise ValueError
            value = int(text) if self.whole else typed_number(text)
        except ValueError:
            value = None
        if value is None or not self.least <= value <= self.most:
            raise argparse.ArgumentTypeError(
                f"expected a {'whole ' * self.whole}number from {self}, not {shown(text, 40)}"
            )
        return value


@dataclass(frozen=True)
class Limits:
    """Several numbers with commas between, each with its limit. As `type=` of argparse.

    more: how many further numbers may follow, with the limit of the last.
    """

    parts: tuple[Limit, ...]
    more: int = 0

    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))

    def __call__(self, text: str) -> tuple[float, ...]:
        """The numbers; ArgumentTypeError says how many are wanted, or the limits of the one that is wrong."""
        words = text.split(",")
        least, most = len(self.parts), len(self.parts) + self.more
        if not least <= len(words) <= most:
            count = f"{least}" if least == most else f"{least} or more"
            raise argparse.ArgumentTypeError(f"expected {count} numbers with a comma between, not {shown(text, 40)}")
        limits = (*self.parts, *[self.parts[-1]] * (len(words) - least))
        return tuple(limit(word) for limit, word in zip(limits, words, strict=True))


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:f}".rstrip("0")


def _whole(least: int, most: int) -> Limit:
    return Limit(least, most, whole=True)


_MOST_TOKENS = 10_000_000
_REPLICAS = _whole(1, 4096)
_GIGABYTES_PER_S = Limit(0.001, 1e6)
_WAIT = Limit(0, 1e6)
#: Command -> option -> its limit. Narrower ones that hang on a model or on each other are said by who checks those.
LIMITS: Mapping[str, Mapping[str, Limit | Limits]] = {
    "estimate": {
        "--tp": _whole(1, 1024),
        "--pp": _whole(1, 1024),
        "--dp": _whole(1, 100_000),
        "--ep": _whole(1, 1_000_000),
        "--popularity": Limit(0, 3),
        "--batch": _whole(1, 100_000_000),
        "--prompt": _whole(1, 100_000_000),
        "--context": _whole(0, 100_000_000),
    },
    "simulate": {
        "--seed": _whole(0, 2**63),
        "--limit": Limit(1e-6, 1e10),
        "--slo": Limits((Limit(0, 1e6), Limit(0, 1e6))),
        "--price": Limit(0, 1e6),
        "--tp": _whole(1, 1024),
        "--pp": _whole(1, 1024),
        "--rate": Limit(0.001, 1e6),
        "--concurrency": _whole(1, 1_000_000),
        "--burst": Limit(0.01, 100),
        "--prompt": _whole(1, _MOST_TOKENS),
        "--output": _whole(1, _MOST_TOKENS),
        "--spread": Limit(0, 10),
        "--requests": _whole(1, 1_000_000_000),
        "--max-num-seqs": _whole(1, 1_000_000),
        "--max-num-batched-tokens": _whole(1, 10_000_000),
        "--memory-share": Limit(0.01, 1),
        "--speculate": Limits((_whole(1, 64), Limit(0, 1)), more=63),
        "--draft-time": Limit(0, 3600),
        "--replicas": _REPLICAS,
        "--disaggregate": Limits((_REPLICAS, _REPLICAS)),
        "--dp": _whole(1, 4096),
        "--ep": _whole(1, 4096),
        "--popularity": Limit(0, 3),
        "--link": _GIGABYTES_PER_S,
        "--long-prefill-token-threshold": _whole(0, _MOST_TOKENS),
        "--server-time": Limit(0, 3600),
        "--block-size": _whole(1, 4096),
        "--kv-blocks": _whole(1, 1_000_000_000),
        "--watermark": Limit(0, 0.99),
        "--host-memory": Limit(0, 1e6),
        "--host-link": _GIGABYTES_PER_S,
        "--load-bound": Limit(1, 1e6),
        "--scrape": _WAIT,
        "--connections": _whole(1, 1_000_000),
        "--router-fails-at": Limit(0, 1e10),
        "--slow": Limits((_whole(0, 4095), Limit(0.001, 1000))),
        "--failure": Limits((_whole(0, 4095), Limit(0, 1e10), Limit(1e-6, 1e10))),
        "--stall": Limits((_whole(0, 4095), Limit(0, 1e10), Limit(1e-6, 1e10))),
        "--transfer": _GIGABYTES_PER_S,
        "--look": Limit(0.1, 1e6),
        "--cool-down": _WAIT,
        "--signal-age": _WAIT,
        "--most-up": _whole(0, 4096),
        "--most-down": _whole(0, 4096),
        "--rollout": Limits((Limit(0, 1e10), _whole(0, 4096), _whole(0, 4096), _WAIT, _WAIT)),
        "--at": Limit(0, 1e10),
        "--replica": _whole(0, 4095),
        "--window": Limit(0.001, 1e6),
    },
    "plan": {
        "--rate": Limit(0.001, 1e6),
        "--burst": Limit(0.01, 100),
        "--prompt": _whole(1, _MOST_TOKENS),
        "--output": _whole(1, _MOST_TOKENS),
        "--spread": Limit(0, 10),
        "--requests": _whole(1, 1_000_000),
        "--shared": _whole(0, _MOST_TOKENS),
        "--seed": _whole(0, 2**63),
        "--tp": Limits((_whole(1, 1024),), more=15),
        "--max-num-seqs": Limits((_whole(1, 1_000_000),), more=15),
        "--max-num-batched-tokens": Limits((_whole(1, 10_000_000),), more=15),
        "--slo": Limits((Limit(1e-6, 1e6), Limit(1e-6, 1e6))),
        "--share": Limit(0.01, 1),
        "--budget": Limit(0.01, 1e9),
        "--most-gpus": _whole(1, 4096),
        "--within": Limit(1, 1000),
        "--jobs": _whole(1, 256),
    },
    "check": {"--jobs": _whole(1, 256), "--timeout": _whole(1, 86_400)},
    "probe": {"--window": Limit(0, 7_776_000)},
    "class": {"--port": _whole(0, 65_535)},
    "new": {"NUMBER": _whole(0, 99)},
}


def number(add: Callable[..., Any], command: str, option: str, what: str, otherwise: str = "", **more: Any) -> None:
    """Declare an option with a number by `add` (`add_argument` of a parser or group); its help says what, its limits, and `otherwise`."""
    limit = LIMITS[command][option]
    names = [] if option.isupper() else [option]  # an argument that is no option comes with dest=
    add(*names, type=limit, help=f"{what}, {limit}{otherwise and f' [{otherwise}]'}", **more)


def filled(text: str) -> str:
    """Any other value that is typed: it may be anything but blank. As `type=` of argparse."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a value, not {text!r}")
    return text
