"""What a typed line sets of a fleet, and the lines that a fleet cannot run."""

from __future__ import annotations

import argparse

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.cli import simulate
from lessonlib.course.checkpoint_3.fleets import FleetLab, Offer, all_fleets, worked_fleet
from lessonlib.course.checkpoint_3.lines import GIVEN, Plan, Scale, line_of, read_plan

CLINIC = worked_fleet()
START = "lessonlib simulate"
SMALL = Offer("h100-sxm", 1)


def flags_of_simulate() -> set[str]:
    parser = argparse.ArgumentParser()
    simulate.add_parser(parser.add_subparsers())
    (sub,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return {
        text[2:] for action in sub.choices["simulate"]._actions for text in action.option_strings if text[:2] == "--"
    }


def test_a_line_without_flags_is_one_replica_of_the_first_offer() -> None:
    assert read_plan(CLINIC, START) == Plan(SMALL)


def test_each_flag_sets_its_own() -> None:
    line = f"{START} --gpu h100-sxm --tp=2 --replicas 3 --router prefix-aware --max-num-batched-tokens 512 --max-num-seqs 64 --no-prefix-caching"
    assert read_plan(CLINIC, line) == Plan(Offer("h100-sxm", 2), 3, "prefix-aware", 512, 64, caching=False)
    assert read_plan(CLINIC, f"{START} --disaggregate 2,3").pools == (2, 3)
    assert read_plan(CLINIC, f"{START} --autoscale rate,2.5,1,6").scale == Scale("rate", 2.5, 1, 6)


@pytest.mark.parametrize("fleet", all_fleets(), ids=lambda each: each.name)
def test_the_lines_of_the_file_are_ones_that_plans_write(fleet: FleetLab) -> None:
    lines = [fleet.line, fleet.rival, *([fleet.incident.line] if fleet.incident else [])]
    for line in lines:
        assert line_of(read_plan(fleet, line)) == line


def test_every_flag_of_the_command_is_known_as_judged_or_as_given() -> None:
    for name in flags_of_simulate():
        try:
            read_plan(CLINIC, f"{START} --{name}")
        except LessonlibError as error:
            assert "has no" not in str(error), name
    assert set(GIVEN) <= flags_of_simulate()


def test_a_line_is_one_that_the_command_itself_takes() -> None:
    parser = argparse.ArgumentParser()
    simulate.add_parser(parser.add_subparsers())
    for fleet in all_fleets():
        found = parser.parse_args(fleet.line.split()[1:])
        assert found.gpu in {offer.gpu for offer in fleet.offers}


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("--replicas 0", "from 1 to 32"),
        ("--replicas 33", "from 1 to 32"),
        ("--replicas 2.5", "from 1 to 32"),
        ("--replicas ٣", "from 1 to 32"),
        ("--replicas", "needs a value"),
        ("--replicas --tp 1", "needs a value"),
        ("--replicas 2 --replicas 3", "is there twice"),
        ("--replicas 2 --disaggregate 1,1", "counts the replicas itself"),
        ("--disaggregate 1,1 --autoscale rate,2,1,3", "scales one pool"),
        ("--disaggregate 3", "two numbers"),
        ("--disaggregate 20,20", "at most 32"),
        ("--autoscale kv,0.5,1,3", "SIGNAL,TARGET,LEAST,MOST"),
        ("--autoscale rate,x,1,3", "the target is a number"),
        ("--autoscale rate,.,1,3", "the target is a number"),
        ("--autoscale rate,2,4,3", "LEAST comes first"),
        ("--router nearest", "--router is"),
        ("--max-num-batched-tokens 100", "from 256"),
        ("--max-num-seqs 512 --max-num-batched-tokens 256", "would not start"),
        ("--gpu l40s", "There is no replica of 1 x “l40s”"),
        ("--tp 4", "There is no replica of 4 x"),
        ("--rate 3", "is given here"),
        ("--replcas 3", "did you mean --replicas"),
        ("replicas 3", "stands alone"),
        ("--no-prefix-caching=1", "takes no value"),
        ("--replicas 3; rm", "is for a shell"),
    ],
)
def test_what_cannot_run_is_told_in_one_line(rest: str, told: str) -> None:
    with pytest.raises(LessonlibError) as caught:
        read_plan(CLINIC, f"{START} {rest}")
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_another_command_is_refused() -> None:
    for line in ("", None, "vllm serve x", "lessonlib plan", 'lessonlib simulate "'):
        with pytest.raises(LessonlibError):
            read_plan(CLINIC, line)


def test_the_simulators_fleet_has_what_the_line_says() -> None:
    plan = read_plan(CLINIC, f"{START} --autoscale rate,2.5,1,6")
    fleet = plan.fleet(CLINIC)
    assert fleet.autoscaler is not None and (fleet.autoscaler.target, fleet.autoscaler.most) == (2.5, 6)
    assert fleet.autoscaler.start_s == CLINIC.start_s
    pools = read_plan(CLINIC, f"{START} --disaggregate 2,3").fleet(CLINIC).disaggregation
    assert pools is not None and (pools.prefill, pools.decode) == (2, 3)
