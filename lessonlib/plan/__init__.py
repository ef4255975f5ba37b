"""Planner: traffic, limits and prices in, the cheapest set-ups that hold out.

    question = Question(fixed(1000, 200, 1000, Poisson(4.0)), Slo(ttft_s=1.0, tpot_s=0.05), prices)
    answer = plan(question, set_ups([Choice(load_model("llama-3.1-8b"))], [load_gpu("h100-sxm")]))

Ceilings drop what cannot hold, and say why; what is left is judged by the simulator, with the same requests for all.
"""

from __future__ import annotations

from lessonlib.plan.answer import answer_data
from lessonlib.plan.found import Found
from lessonlib.plan.grid import SetUp, set_ups
from lessonlib.plan.judge import Outcome, judge
from lessonlib.plan.prices import Price, price_of, read_prices
from lessonlib.plan.question import Choice, Question, Slo
from lessonlib.plan.report import answer_text
from lessonlib.plan.sweep import Answer, plan

__all__ = [
    "Answer",
    "Choice",
    "Found",
    "Outcome",
    "Price",
    "Question",
    "SetUp",
    "Slo",
    "answer_data",
    "answer_text",
    "judge",
    "plan",
    "price_of",
    "read_prices",
    "set_ups",
]
