"""A result as one mapping, as text for people, and as a file of requests."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.files import check_goal, write_text
from lessonlib.base.quantity import Quantity, significant
from lessonlib.base.text import printable
from lessonlib.roofline.band import band
from lessonlib.serving.results.result import Result

_TIMES = {
    "ttft_s": "time to first token",
    "tpot_s": "per output token",
    "itl_s": "between tokens",
    "e2e_s": "whole answer",
    "queue_s": "in the queue",
}


#: Metrics whose bands are told, and how a line names them.
_BANDS = {
    "throughput": "tokens/s",
    "time per token": "time per output token",
    "time to first token": "first token",
}


def _band(result: Result, metric: str) -> dict[str, Any]:
    """The widest band of the systems that ran, and all that was not measured of any of them."""
    fleet, scheduler = result.settings["fleet"], result.settings["scheduler"]
    pools = fleet.disaggregation
    more = [*(["drafts"] if scheduler.speculation else []), *(["pools for prompts and for answers"] if pools else [])]
    own = [pools.prefill_system, pools.decode_system] if pools else []
    systems = dict.fromkeys([result.settings["system"], *(kind.system for kind in fleet.kinds), *filter(None, own)])
    found = [band(system, metric, *more) for system in systems]
    unseen = dict.fromkeys(trait for each in found for trait in each.unseen)
    return {"factor": max(each.factor for each in found), "extrapolated": bool(unseen), "unseen": list(unseen)}


def run_summary(result: Result, limits: Sequence[float] | None = None, price: float | None = None) -> dict[str, Any]:
    """The setting and the numbers of a run, ready for JSON.

    limits: (seconds to the first token, mean seconds a token after it) to count goodput by; needs a full record. price: of a
    GPU hour, in any currency.
    """
    system, speculation = result.settings["system"], result.settings["scheduler"].speculation
    data: dict[str, Any] = {
        "model": system.model.name,
        "gpu": system.gpu.called,
        "tp": system.tp,
        "pp": system.pp,
        "dp": system.dp,
        "ep": system.ep,
        "weights": system.weights,
        "kv": system.kv,
        "cost_of_a_step": result.settings["cost"],
        "replicas": _most_at_once(result),
        "scales": result.settings["fleet"].autoscaler is not None,
        "seed": result.settings["seed"],
        "server_s": result.settings["scheduler"].server_s or 0.0,
        "busy_server_s": result.settings["scheduler"].busy_server_s or 0.0,
        "drafts": speculation.drafts if speculation else 0,
    }
    data |= result.metrics()
    if data["cost_of_a_step"] == "expected":
        data["bands"] = {metric: _band(result, metric) for metric in _BANDS}
    if limits is not None:
        rate, share = result.goodput(ttft_s=limits[0], tpot_s=limits[1])
        data["goodput"] = {"ttft_s": limits[0], "tpot_s": limits[1], "requests_per_s": rate, "share": share}
    if price is not None:
        data["cost"] = {name: None if math.isnan(value) else value for name, value in result.cost(price).items()}
    return data


def _most_at_once(result: Result) -> int:
    """Replicas that served at once: of a fleet that scales those that came to be, not those that it might have had."""
    fleet = result.settings["fleet"]
    if fleet.autoscaler is None:
        return int(fleet.most)
    return max((count for _, count in result.replicas), default=0)


def run_summary_text(data: Mapping[str, Any]) -> str:
    """A few lines with the same numbers to three digits."""
    lines = [
        (
            f"{printable(data['model'])} on {data['tp'] * data['pp'] * data['dp']} x {printable(data['gpu'])}, weights {data['weights']}, KV cache {data['kv']}, "
            f"{'up to ' if data['scales'] else ''}{data['replicas']} replica{'s' if data['replicas'] != 1 else ''}, {data['cost_of_a_step']} step times"
        ),
        (
            f"{data['finished']:,} request{'s' if data['finished'] != 1 else ''} in {Quantity(data['simulated_s'], 's')} simulated: "
            f"{Quantity(data['requests_per_s'], 'requests/s')}, "
            f"{Quantity(data['throughput_tokens_per_s'], 'tok/s')}"
        ),
        "",
        f"{'':<20} {'mean':>10} {'p50':>10} {'p90':>10} {'p99':>10}",
    ]
    # A step with drafts brings several tokens at once: what lies between two of them is a step, as in vLLM's histogram.
    titles = _TIMES | ({"itl_s": "between steps"} if data["drafts"] else {})
    for name, title in titles.items():
        cells = (_seconds(data[name][key]) for key in ("mean", "p50", "p90", "p99"))
        lines.append(f"{title:<20} " + " ".join(f"{cell:>10}" for cell in cells))
    if data["server_s"] or data["busy_server_s"]:
        more = f", {Quantity(data['busy_server_s'], 's')} more beside other requests" if data["busy_server_s"] else ""
        lines.append(
            f"each first token with {Quantity(data['server_s'], 's')} of the server's own time{more} (--server-time)"
        )
    lines += [
        "",
        (
            f"mean batch {significant(data['mean_batch'])}, KV cache at most {_percent(data['kv_peak'])} full, {data['preemptions']:,} preemptions, "
            f"{_percent(data['prefix_hit_rate'])} of prompt tokens found in the cache"
        ),
    ]
    if data["aborted"]:
        lines.append(f"{data['aborted']:,} requests aborted: their replica stopped before they were done")
    split = data["gpu_split"]
    lines.append(
        f"GPU time: {_percent(split['reading'])} reading prompts, {_percent(split['writing'])} writing answers, {_percent(split['idle'])} idle"
    )
    if "bands" in data:
        within = ", ".join(f"{data['bands'][metric]['factor']:.2f} ({title})" for metric, title in _BANDS.items())
        unseen = dict.fromkeys(item for entry in data["bands"].values() for item in entry["unseen"])
        lines.append(f"nine in ten measurements of such runs lie within a factor of {within}")
        if unseen:
            lines.append(f"extrapolated: no measurement of {'; of '.join(map(printable, unseen))}")
    if "goodput" in data:
        good = data["goodput"]
        lines.append(
            f"goodput {Quantity(good['requests_per_s'], 'requests/s')}: {_percent(good['share'])} of the requests kept both limits"
        )
    if data.get("cost", {}).get("per_million_output_tokens") is not None:
        lines.append(
            f"cost {significant(data['cost']['per_million_output_tokens'])} for a million output tokens, their prompts included"
        )
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else str(Quantity(value, "s"))


def _percent(share: float) -> str:
    return f"{significant(100.0 * share)} %"


def check_file(flag: str, path: Path, suffixes: Sequence[str]) -> None:
    """LessonlibError unless the file has one of the suffixes and a folder to stand in: said before a long run, not after."""
    if path.suffix.lower() not in suffixes:
        raise LessonlibError(f"{flag} {path}: expected a file that ends in {listed(suffixes)}")
    check_goal(path, f"{flag} {path}")


def save_requests(result: Result, path: Path) -> int:
    """One row a request, all columns, as CSV; returns how many."""
    check_file("--save", path, (".csv",))
    columns = result.requests
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(columns)
    rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
    table.writerows(rows)
    write_text(path, file.getvalue(), f"--save {path}")
    return len(rows)
