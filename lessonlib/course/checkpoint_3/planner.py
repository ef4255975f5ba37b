"""What `lessonlib plan` answers for each fleet, asked as near as it can be said to it; found ahead, as it takes minutes.

One pool, one budget, so that it takes a minute and not ten. It knows neither several beginnings (all prompts then begin alike), nor conversations (each prompt is as long as the middle turn), nor a day
(the peak lasts). ``python -m lessonlib.course.checkpoint_3.planner --write`` writes data/exams/json/checkpoint-3-plans.json.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from lessonlib.course.checkpoint_3.card import BUDGETS, mean_prompt
from lessonlib.course.checkpoint_3.fleets import FleetLab, all_fleets, practice_fleet, worked_fleet
from lessonlib.course.checkpoint_3.judge import KEPT
from lessonlib.course.shared.found_ahead import found_ahead, write_or_print
from lessonlib.plan import Answer, Choice, Question, SetUp, Slo, plan, price_of, set_ups
from lessonlib.roofline import load_gpu
from lessonlib.serving import GammaBurst, LogNormal, Poisson, Sharing, Workload

FILE = "checkpoint-3-plans.json"
REQUESTS, SEATS, TOKENS = 600, 256, (1024,)
#: The page reckons its own fleet with this one.
PAGE_TOKENS = (BUDGETS[0],)


def _gpus(fleet: FleetLab) -> list[str]:
    return list(dict.fromkeys(offer.gpu for offer in fleet.offers))


def _layouts(fleet: FleetLab) -> list[int]:
    return sorted({offer.tp for offer in fleet.offers})


def _tokens(fleet: FleetLab) -> tuple[int, ...]:
    return PAGE_TOKENS if fleet in (worked_fleet(), practice_fleet()) else TOKENS


def _shared(fleet: FleetLab) -> int:
    return fleet.shared if fleet.turns == 1 else 0


def plan_line(fleet: FleetLab) -> str:
    """The command for its traffic at the peak, its limits, and the replicas that may be rented."""
    burst = f" --burst {fleet.burst:g}" if fleet.burst > 1 else ""
    shared = f" --shared {_shared(fleet)} --router prefix-aware" if _shared(fleet) else ""
    tokens = ",".join(map(str, _tokens(fleet)))
    return (
        f"lessonlib plan --model {fleet.system.model.name} --weights {fleet.system.weights} --kv {fleet.system.kv} --gpu {','.join(_gpus(fleet))} "
        f"--tp {','.join(map(str, _layouts(fleet)))} --rate {fleet.peak:g}{burst} --prompt {mean_prompt(fleet):.0f} --output {fleet.answers[0]:.0f} "
        f"--spread {fleet.prompts[1]:g}{shared} --slo {fleet.ttft_s:g},{fleet.tpot_s:g} --share {KEPT:g} --requests {REQUESTS} "
        f"--max-num-seqs {SEATS} --max-num-batched-tokens {tokens} --pools one"
    )


def asked(fleet: FleetLab) -> tuple[Question, tuple[SetUp, ...]]:
    """The same question in Python."""
    gpus = [load_gpu(name) for name in _gpus(fleet)]
    rate = float(f"{fleet.peak:g}")
    traffic = Workload(
        REQUESTS,
        LogNormal(int(f"{mean_prompt(fleet):.0f}"), fleet.prompts[1]),
        LogNormal(int(fleet.answers[0]), fleet.prompts[1]),
        GammaBurst(rate, fleet.burst) if fleet.burst > 1 else Poisson(rate),
        Sharing(system_tokens=_shared(fleet)),
        seed=0,
    )
    question = Question(
        traffic,
        Slo(fleet.ttft_s, fleet.tpot_s, KEPT),
        {gpu.called: price_of(gpu, {}) for gpu in gpus},
        router="prefix-aware" if _shared(fleet) else "least-requests",
    )
    choice = Choice(fleet.system.model, (fleet.system.weights,), (fleet.system.kv,))
    return question, set_ups([choice], gpus, _layouts(fleet), (SEATS,), _tokens(fleet), "one")


def told(answer: Answer) -> str:
    """The cheapest set-up that holds, in words."""
    if not answer.winners:
        return "nothing of its grid holds"
    best = answer.winners[0]
    sizes = best.outcome.size if best.outcome else (0, 0)
    systems = best.set_up.systems
    parts = [
        f"{count} of {system.gpus} x {system.gpu.called}{use}"
        for count, system, use in zip(
            sizes, systems, (" that read", " that write") if len(systems) > 1 else ("",), strict=False
        )
    ]
    return f"{' and '.join(parts)}, budget {best.set_up.tokens:,}, ${best.usd:.2f} an hour"


@cache
def planner_answer(fleet: FleetLab) -> str:
    """What it said, as the file has it. Raises LessonlibError where it is of another fleet."""
    return str(found_ahead(FILE, fleet.name, "lessonlib.course.checkpoint_3.planner"))


def written() -> dict[str, Any]:
    """What the file is to hold."""
    return {each.name: told(plan(*asked(each))) for each in all_fleets()}


if __name__ == "__main__":
    write_or_print(FILE, written())
