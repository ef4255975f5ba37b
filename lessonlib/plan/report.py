"""An answer as text: the cheapest set-ups and the fronts in one table, then why the others lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lessonlib.base.quantity import Quantity, significant
from lessonlib.base.tables import aligned
from lessonlib.base.text import printable

_MOST_GROUPS = 3


def answer_text(data: Mapping[str, Any]) -> str:
    """The numbers of `answer_data` to three digits."""
    parts = [heading(data["question"])]
    parts.append("\n".join(told(data)))
    if data["set_ups"]:
        parts += [table(data), "\n".join(notes(data))]
    if data["losers"]:
        parts.append("\n".join(["why the others lose", *reasons(data["losers"])]))
    return "\n\n".join(parts)


def heading(question: Mapping[str, Any]) -> str:
    """What was asked."""
    slo, label = question["slo"], f"{printable(question['label'])}: " if question["label"] else ""
    rate = f", {Quantity(question['requests_per_s'], 'requests/s')}" if question["requests_per_s"] else ""
    prices = "; ".join(f"{printable(gpu)} {price_text(price)}" for gpu, price in question["prices"].items())
    budget = f"; at most {usd(question['budget_usd_per_hour'])} an hour" if question["budget_usd_per_hour"] else ""
    return (
        f"{label}{question['requests']:,} requests{rate}, prompts of {significant(question['prompt_mean'])} and answers of "
        f"{significant(question['output_mean'])} tokens on average\n"
        f"{significant(100 * slo['share'])} % of them with a first token within {Quantity(slo['ttft_s'], 's')} and at most "
        f"{Quantity(slo['tpot_s'], 's')} a token{budget}\n"
        f"a GPU and hour: {prices}"
    )


def price_text(price: Mapping[str, Any]) -> str:
    """Dollars, and who asks them when."""
    said = f"${price['usd']:g}"
    if not price["provider"]:
        return f"{said} (as given)"
    return f"{said} ({printable(price['provider'])}, {printable(price['terms'])}, {price['read_on']})"


def usd(value: float) -> str:
    """Dollars and cents."""
    return f"${value:,.2f}"


def told(data: Mapping[str, Any]) -> list[str]:
    """How many were tried, and what came of it."""
    lines = [
        f"{data['tried']:,} set-ups: {data['holding']:,} hold and are told of; {data['dropped_by_ceilings']:,} were dropped without a run; {data['runs']:,} runs"
    ]
    if data["not_judged"]:
        lines.append(f"broken off: {data['not_judged']:,} set-ups were not judged, among them perhaps cheaper ones")
    elif data["interrupted"]:
        lines.append("broken off while the slow end of the bands was asked for")
    if not data["set_ups"]:
        lines.append("none of them holds" + (" so far" if data["interrupted"] else ""))
    return lines


def set_up_name(entry: Mapping[str, Any]) -> str:
    """Replicas, layout, and model in its precision."""
    pools = " + ".join(
        f"{pool['replicas']} x {layout(pool)}" + ("" if pool["for"] == "both" else f" for {pool['for']}")
        for pool in entry["pools"]
    )
    cache = "" if entry["kv"] in ("bf16", "fp16") else f", KV {entry['kv']}"
    return f"{printable(entry['model'])} {entry['weights']}{cache} on {printable(entry['gpu'])}: {pools}"


def layout(pool: Mapping[str, Any]) -> str:
    """TP4, or DP8 EP8."""
    return f"TP{pool['tp']}" if pool["dp"] == 1 else f"DP{pool['dp']} EP{pool['ep']}"


def limit(entry: Mapping[str, Any], name: str) -> str:
    """A limit of a rank, of each pool; in brackets where it is vLLM's own."""
    values = "/".join(dict.fromkeys(str(pool[name]) for pool in entry["pools"]))
    return values if entry["limits_given"][name] else f"({values})"


def marks(data: Mapping[str, Any], place: int) -> str:
    """The fronts on which a set-up lies: F, T, G."""
    return "".join(name[0].upper() for name, members in data["fronts"].items() if place in members)


HEADS = (
    "",
    "set-up",
    "GPUs",
    "$/h",
    "seats",
    "tokens",
    "good/s",
    "kept",
    "slow end",
    "TTFT p50",
    "p99",
    "token p50",
    "p99",
    "bands",
    "front",
)


def table(data: Mapping[str, Any]) -> str:
    """One row a set-up, the cheapest first."""
    return aligned([HEADS, *rows(data)], frozenset({1, 14}))


def rows(data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The cells of the table, without its head."""
    return [
        (
            f"{place + 1}",
            set_up_name(entry) + (f"  [+{entry['alike']} alike]" if entry["alike"] else ""),
            f"{entry['gpus']:,}",
            f"{entry['usd_per_hour']:,.2f}",
            limit(entry, "max_num_seqs"),
            limit(entry, "max_num_batched_tokens"),
            significant(entry["goodput_per_s"]["expected"]),
            percent(entry["share"]),
            percent(entry["share_at_slow_end"]),
            *(seconds(entry[key][name]) for key in ("ttft_s", "tpot_s") for name in ("p50", "p99")),
            "/".join(f"{entry['bands'][key]:.2f}" for key in ("ttft_s", "tpot_s", "goodput_per_s")),
            marks(data, place),
        )
        for place, entry in enumerate(data["set_ups"])
    ]


def seconds(value: float | None) -> str:
    """Seconds with their unit."""
    return "-" if value is None else str(Quantity(value, "s"))


def percent(share: float | None) -> str:
    """A share in per cent."""
    return "-" if share is None else f"{significant(100 * share)} %"


def notes(data: Mapping[str, Any]) -> list[str]:
    """What a reader must know of the table."""
    question, entries = data["question"], data["set_ups"]
    lines = [
        "seats and tokens of a step: in brackets where they are vLLM's own; kept: share of the requests that keep both limits; slow end: the same where every step",
        "  takes as long as the slow end of the engine's band for a token says; bands: nine in ten measurements lie within this factor (TTFT/token/throughput)",
        "front: no cheaper set-up has a better p99 of the first token (F), of the time per token (T), or more goodput (G)",
        f"told of: what costs at most {significant(question['within'])} times the cheapest; the same {question['requests']:,} requests for all, seed {question['seed']}, router {question['router']}",
    ]
    unseen = dict.fromkeys(item for entry in entries for item in entry["unseen"])
    if unseen:
        lines.append(f"extrapolated: no measurement of {'; of '.join(map(printable, unseen))}")
    wavering = [str(place + 1) for place, entry in enumerate(entries) if entry["one_replica_more_does_not_hold"]]
    if wavering:
        lines.append(f"one replica more does not hold: {', '.join(wavering)}; take these with care")
    if len({entry["weights"] for entry in entries}) > 1:
        lines.append("fewer bits may cost answers: nothing here judges what a model says")
    return lines


def reasons(losers: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line a kind of reason, and one for its example."""
    lines = []
    for entry in losers:
        which = list(entry["which"].items())
        shown = "; ".join(f"{printable(name)} ({count:,})" for name, count in which[:_MOST_GROUPS])
        more = f"; {len(which) - _MOST_GROUPS:,} more kinds" if len(which) > _MOST_GROUPS else ""
        ruled = f", {entry['by_ceilings']:,} by ceilings alone" if entry["by_ceilings"] else ""
        lines.append(f"  {entry['set_ups']:>4,}  {entry['says']}{ruled}: {shown}{more}")
        if entry["example"]:
            lines.append(
                f"        such as {printable(entry['example']['set_up'])}: {printable(entry['example']['detail'])}"
            )
    return lines
