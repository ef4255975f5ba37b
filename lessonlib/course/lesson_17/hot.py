"""The incident: one group of eight GPUs reads prompts, a customer's documents change their language, and each layer waits for its busiest GPU.

DeepSeek-V3 on one node, experts spread over its GPUs one after the other. In each layer other experts are popular, drawn by seed; the
job has favourites of its own. A step has a full budget of prompt tokens on every GPU; its experts, and the exchange of tokens, take as
many times as long as the busiest GPU of a layer has tokens over the mean. Prompts come at a steady rate; what is not read waits in line.
The engine's expected seconds, a fluid queue, one scrape a minute. The mend moves experts, and copies of the most used ones, as vLLM's
balancer does: replicate the heaviest, then give each copy to the least loaded GPU with room (DeepSeek's EPLB). The same for every lab.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_17.lead import experts_of
from lessonlib.course.lesson_17.spread import NODE, REDUNDANT, group_of
from lessonlib.draw.monitor import Chart, Mark, Monitor
from lessonlib.roofline import Lab, mixed
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.expectation import communication_seconds, operation_seconds
from lessonlib.roofline.expert_routing import shares
from lessonlib.roofline.load import mixed_load

#: minutes before the change, and all of them; tokens of one prompt; share of the capacity of quiet minutes that comes
BEFORE, MINUTES, PROMPT, LOAD = 10, 40, 2048, 0.88
#: how steeply popularity falls usually and in the job's language, and the job's share of the prompt tokens
_USUAL, _JOB, _JOB_SHARE = 0.2, 0.9, 0.7
#: steps between two moves of experts after the mend
MENDED_INTERVAL = 150
_SEED, _BEGINS = 5, "10:00"
#: what the exporter calls the share of cycles in which tensor cores work; steps between two moves of experts by default
_TENSOR, _DEFAULT_INTERVAL = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", int(vllm().defaults["eplb_interval_steps"])
#: retries on the links between the GPUs: none, as nothing is wrong with these
_RETRIES = "DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL"
#: clock of the tensor cores' GPUs, MHz: that of the data sheet's boost
_CLOCK = 1980.0


@dataclass(frozen=True)
class Balance:
    """Tokens at the GPUs, over the mean. log: mean over busiest, as vLLM logs it; layers: mean of the busiest of each layer; gpus: each
    GPU's own over all layers.
    """

    log: float
    layers: float
    gpus: tuple[float, ...]


def _layers() -> int:
    return sum(group.count for group in group_of(NODE).model.layers if group.feed_forward == experts_of(group_of(NODE)))


@lru_cache(maxsize=4)
def _loads(job_share: float) -> np.ndarray:
    """Share of the tokens at each expert, a row a layer."""
    block, rng = experts_of(group_of(NODE)), np.random.default_rng(_SEED)
    usual, job = (np.array(shares(block.count, block.active, slope)) for slope in (_USUAL, _JOB))
    rows = [
        (1 - job_share) * usual[rng.permutation(block.count)] + job_share * job[rng.permutation(block.count)]
        for _ in range(_layers())
    ]
    return np.array(rows)


def _balance_of(at_gpus: np.ndarray) -> Balance:
    mean = at_gpus.mean(axis=1)
    most = at_gpus.max(axis=1)
    return Balance(
        float(mean.sum() / most.sum()),
        float((most / mean).mean()),
        tuple((at_gpus.sum(axis=0) / mean.sum()).tolist()),
    )


@lru_cache(maxsize=4)
def balance(job_share: float) -> Balance:
    """With experts where their numbers put them."""
    loads = _loads(job_share)
    return _balance_of(loads.reshape(len(loads), NODE, -1).sum(axis=2))


@lru_cache(maxsize=4)
def rebalanced(job_share: float) -> Balance:
    """With extra copies of the heaviest experts, each copy with the least loaded GPU that has a place."""
    loads = _loads(job_share)
    places = (loads.shape[1] + REDUNDANT) // NODE
    rows = np.zeros((len(loads), NODE))
    for layer, load in enumerate(loads):
        copies = np.ones(len(load))
        for _ in range(REDUNDANT):
            copies[np.argmax(load / copies)] += 1
        each = np.repeat(load / copies, copies.astype(int))
        room = np.full(NODE, places)
        for weight in np.sort(each)[::-1]:
            gpu = int(np.argmin(np.where(room > 0, rows[layer], np.inf)))
            rows[layer, gpu] += weight
            room[gpu] -= 1
    return _balance_of(rows)


# --- seconds


@lru_cache(maxsize=1)
def _parts() -> tuple[float, float, float, float]:
    """Of a full step: tokens; seconds of all but experts and exchange; of these two; seconds of all products at the peak."""
    system, constants = group_of(NODE), load_efficiency()
    budget = next(row.tokens for row in vllm().batch if system.gpu.memory_bytes / 2**30 >= row.least_gib)
    requests = [(PROMPT, 0)] * (NODE * budget // PROMPT)
    found = mixed(system, requests)
    uneven = sum(
        float(operation_seconds(system, part, constants)) for part in found.operations if part.work == "experts"
    )
    uneven += float(communication_seconds(system, mixed_load(requests), constants))
    return found.tokens, found.expected_s - uneven, uneven, found.compute_s


def step_s(found: Balance) -> float:
    """Seconds of a full step."""
    _, even, uneven, _ = _parts()
    return even + uneven * found.layers


def capacity(found: Balance) -> float:
    """Prompt tokens a second."""
    return _parts()[0] / step_s(found)


def tensor_share(found: Balance, gpu: float) -> float:
    """Share of the time in which tensor cores work on a GPU with so many tokens over the mean, at the peak rate, in %."""
    system = group_of(NODE)
    requests = [(PROMPT, 0)] * (int(_parts()[0]) // PROMPT)
    own = sum(part.compute_s for part in mixed(system, requests).operations if part.work == "experts")
    return 100 * (_parts()[3] - own + own * gpu) / step_s(found)


# --- minutes


def usual() -> Balance:
    return balance(0.0)


def changed() -> Balance:
    return balance(_JOB_SHARE)


@lru_cache(maxsize=4)
def _minutes(mended: bool) -> list[tuple[float, float, float, Balance]]:
    """For each minute: tokens that came a second, were read a second, tokens in line at its end, and how even it was."""
    rng = np.random.default_rng(_SEED)
    came_mean = LOAD * capacity(usual())
    line, found = 0.0, []
    for minute in range(MINUTES):
        moved = mended and minute >= BEFORE + _heals_after(MENDED_INTERVAL, changed())
        now = usual() if minute < BEFORE else rebalanced(_JOB_SHARE) if moved else changed()
        came = came_mean * float(rng.normal(1.0, 0.015))
        read = min(capacity(now), came + line / 60)
        line += 60 * (came - read)
        found.append((came, read, line, now))
    return found


def _heals_after(interval: int, now: Balance) -> int:
    """Minutes, at the latest."""
    return int(np.ceil(interval * step_s(now) / 60))


def _first_token(line: float, now: Balance) -> float:
    """Seconds: half a step until the next one begins, what is in line, and the step itself."""
    return 1.5 * step_s(now) + line / capacity(now)


#: title, query, unit, end of the axis, and what the chart says of a minute
_Minute = tuple[float, float, float, Balance]


def _tensor(row: _Minute, pick: Callable[[tuple[float, ...]], float]) -> float:
    """Share of a minute in which tensor cores work, in %: that of full steps, times the share of the time that such steps take."""
    _, read, _, found = row
    return tensor_share(found, pick(found.gpus)) * read / capacity(found)


_SHARED: tuple[tuple[str, str, str, float | None, Callable[[_Minute], float]], ...] = (
    ("Prompt tokens that come", "gateway: prompt tokens, by minute", "tok/s", None, lambda row: row[0]),
    ("Prompt tokens read", f"sum(rate({vllm().name('prompt_tokens_total')}[1m]))", "tok/s", None, lambda row: row[1]),
    (
        "Time to first token, mean",
        f"rate({vllm().name('time_to_first_token_seconds_sum')}[1m]) / rate({vllm().name('time_to_first_token_seconds_count')}[1m])",
        "s",
        None,
        lambda row: _first_token(row[2], row[3]),
    ),
)
_SEEN: tuple[tuple[str, str, str, float | None, Callable[[_Minute], float]], ...] = (
    ("Tensor cores, busiest GPU", f"max({_TENSOR})", "%", 40.0, lambda row: _tensor(row, max)),
    ("Tensor cores, idlest GPU", f"min({_TENSOR})", "%", 40.0, lambda row: _tensor(row, min)),
    ("SM clock, slowest GPU", "min(DCGM_FI_DEV_SM_CLOCK)", "MHz", 2200.0, lambda _: _CLOCK),
    ("NVLink retries, all GPUs", f"sum(increase({_RETRIES}[1m]))", "", 10.0, lambda _: 0.0),
    (
        "Tokens of a prompt, mean",
        f"rate({vllm().name('request_prompt_tokens_sum')}[1m]) / rate({vllm().name('request_prompt_tokens_count')}[1m])",
        "",
        4000.0,
        lambda _: float(PROMPT),
    ),
)
_TOLD: tuple[tuple[str, str, str, float | None, Callable[[_Minute], float]], ...] = (
    (
        "Requests waiting",
        f"sum({vllm().name('num_requests_waiting')})",
        "",
        None,
        lambda row: float(round(row[2] / PROMPT)),
    ),
    ("Balancedness", "from the log, EPLB step", "", 1.0, lambda row: row[3].log),
)


@lru_cache(maxsize=2)
def _monitor(mended: bool) -> Monitor:
    first, second = _minutes(False), _minutes(True) if mended else []
    charts = [
        Chart(title, query, [told(row) for row in first], unit, [told(row) for row in second], most)
        for title, query, unit, most, told in (*_SHARED, *(_TOLD if mended else _SEEN))
    ]
    last = first[-1]
    finding = (
        f"Prompts come at a mean of {Quantity(_came(first), 'tok/s')}, and at {Quantity(_came(first[:BEFORE]), 'tok/s')} until minute {BEFORE}, when all are read; "
        f"from then on {Quantity(last[1], 'tok/s')} are, and a queue grows to {round(last[2] / PROMPT):,} requests, the first token comes after {Quantity(_first_token(last[2], last[3]), 's')}."
    )
    if mended:
        finding += (
            f" With the shorter interval {Quantity(second[-1][1], 'tok/s')} are read in the end, and nobody waits."
        )
    else:
        (early, late), (_, idle) = (_tensor_around(pick) for pick in (max, min))
        finding += (
            f" Tensor cores work {early:.1f} % of the time before, then {late:.1f} % on the busiest GPU and {idle:.1f} % on the idlest; "
            f"clocks, retries (0) and tokens of a prompt ({PROMPT:,}) stay."
        )
    times = [60.0 * (minute + 1) for minute in range(MINUTES)]
    return Monitor(
        finding,
        times,
        charts,
        _BEGINS,
        0.0,
        (),
        (Mark(60.0 * BEFORE, "customer B: other documents"),),
        () if mended else ("Time to first token above 10 s (mean, 1 min)",),
        "with the shorter interval",
    )


def _came(minutes: list[_Minute]) -> float:
    """Prompt tokens that came a second, mean of some minutes."""
    return float(np.mean([row[0] for row in minutes]))


def _tensor_around(pick: Callable[[tuple[float, ...]], float]) -> tuple[float, float]:
    """Mean share of the time in which tensor cores work, in %, before the change and after it."""
    shares = [_tensor(row, pick) for row in _minutes(False)]
    return float(np.mean(shares[:BEFORE])), float(np.mean(shares[BEFORE:]))


def hot_minutes(lab: Lab) -> Monitor:
    """Forty minutes, as they were."""
    return _monitor(False)


def hot_minutes_mended(lab: Lab) -> Monitor:
    """With experts moved more often beside it."""
    return _monitor(True)


# --- what the words name


def incident_gpus(lab: Lab) -> int:
    return NODE


def incident_layers(lab: Lab) -> int:
    """Layers with experts."""
    return _layers()


def usual_balance(lab: Lab) -> Quantity:
    """Mean over busiest, summed over layers, as the log has it."""
    return Quantity(usual().log, "", digits=2)


def changed_balance(lab: Lab) -> Quantity:
    return Quantity(changed().log, "", digits=2)


def changed_layer(lab: Lab) -> Quantity:
    """Tokens at the busiest GPU of a layer over the mean."""
    return Quantity(changed().layers, "x", digits=3)


def changed_gpu(lab: Lab) -> Quantity:
    """Tokens at the GPU that has most of them over all layers, over the mean."""
    return Quantity(max(changed().gpus), "x", digits=3)


def usual_capacity(lab: Lab) -> Quantity:
    """Prompt tokens a second that the group can read."""
    return Quantity(capacity(usual()), "tok/s")


def changed_capacity(lab: Lab) -> Quantity:
    return Quantity(capacity(changed()), "tok/s")


def read_before(lab: Lab) -> Quantity:
    """Prompt tokens that are read a second before the change, on average: all that come."""
    return Quantity(float(np.mean([row[1] for row in _minutes(False)[:BEFORE]])), "tok/s")


def tensor_before(lab: Lab) -> Quantity:
    """Of the time, busiest GPU, before the change."""
    return Quantity(_tensor_around(max)[0], "%")


def tensor_after(lab: Lab) -> Quantity:
    """And after it."""
    return Quantity(_tensor_around(max)[1], "%")


def group_prompt(lab: Lab) -> Quantity:
    """Tokens of a prompt, before the change and after it."""
    return Quantity(PROMPT, "tokens", digits=4)


def changed_step(lab: Lab) -> Quantity:
    return Quantity(step_s(changed()), "s")


def interval_steps(lab: Lab) -> Quantity:
    """Steps between two moves of experts, by default."""
    return Quantity(_DEFAULT_INTERVAL, "steps", digits=4)


def heals_after(lab: Lab) -> Quantity:
    """At the latest, by default, in steps that read prompts."""
    return Quantity(_DEFAULT_INTERVAL * step_s(changed()) / 60, "minutes", digits=2)


def heals_after_decoding(lab: Lab) -> Quantity:
    """At the latest where steps write answers and take 40 ms."""
    return Quantity(_DEFAULT_INTERVAL * 0.04 / 60, "minutes", digits=1)


def mended_interval(lab: Lab) -> int:
    return MENDED_INTERVAL


def mended_after(lab: Lab) -> Quantity:
    return Quantity(_heals_after(MENDED_INTERVAL, changed()), "minutes")


def hot_layers_not_hot_gpus(lab: Lab) -> bool:
    """Layers are uneven, GPUs over all layers are not; that alone lets a line grow, and moving experts takes it away."""
    found, mended = changed(), rebalanced(_JOB_SHARE)
    first, second = _minutes(False), _minutes(True)
    uneven = found.layers > 1.3 and max(found.gpus) < 1.05 and usual().log > 0.9
    return uneven and mended.log > 0.97 and first[-1][2] > 1e6 and second[-1][2] < 1 and first[BEFORE - 1][2] < 1
