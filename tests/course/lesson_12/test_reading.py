"""A prompt beside answers, against hand counts, limits, the simulator and published numbers."""

from __future__ import annotations

import math

import pytest

from lessonlib.course.lesson_12 import incident, quiz, workings
from lessonlib.course.lesson_12.explore import STOPS, budget_stops, explore_budget, pasted_prompt_stops, writer_stops
from lessonlib.course.lesson_12.reading import BEHIND, BUDGETS, FEW_WRITERS, MANY_WRITERS, PROMPT, cost, reading
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Request, Scheduler, Trace, simulate

every_lab = pytest.mark.parametrize("name", lab_names())
some_labs = pytest.mark.parametrize(
    "name", ["qwen3.5-27b-2xh100-sxm", "gpt-oss-120b-h100-mxfp4", "llama-3.1-8b-a100-80gb"]
)


@pytest.mark.parametrize(("budget", "writers"), [(256, 32), (512, 32), (256, 128), (8192, 32), (16384, 32), (512, 0)])
def test_pieces_are_what_answers_leave(budget, writers):
    read = reading(load_lab(), budget, writers)
    assert read.steps == math.ceil(PROMPT / (budget - writers))


def test_answers_that_take_it_all_leave_nothing():
    with pytest.raises(ValueError, match="256 answers leave no token"):
        reading(load_lab(), 256, 256)


@every_lab
def test_one_piece_is_a_mixed_step_and_pieces_approach_a_step_of_answers(name):
    lab = load_lab(name)
    beside = [(1, BEHIND)] * FEW_WRITERS
    whole = reading(lab, PROMPT + FEW_WRITERS)
    assert whole.step_s == (pytest.approx(cost(lab).mixed([*beside, (PROMPT, 0)])),)
    smallest = reading(lab, FEW_WRITERS + 1, prompt=4)
    assert smallest.steps == 4 and smallest.worst_gap_s < 1.35 * smallest.plain_s


@every_lab
def test_no_step_is_faster_than_the_ceiling_or_than_the_answers_alone(name):
    lab = load_lab(name)
    for budget in BUDGETS:
        read, least = reading(lab, budget), reading(lab, budget, basis="ceiling")
        assert all(one >= other for one, other in zip(read.step_s, least.step_s, strict=True))
        assert min(read.step_s) >= read.plain_s * (1 - 1e-9)


@some_labs
@pytest.mark.parametrize("budget", [512, 8192])
def test_the_simulator_has_the_same_steps(name, budget):
    """Eight answers and one prompt: the steps with a piece are as many and as long, but for the answers' own growth."""
    lab = load_lab(name)
    came = Trace((*[Request(0.0, BEHIND, 600) for _ in range(8)], Request(2.0, PROMPT, 2)), "one prompt")
    scheduler = Scheduler(max_num_seqs=64, max_num_batched_tokens=budget, prefix_caching=False, server_s=0.0)
    steps = simulate(lab.system, came, scheduler).step_columns()
    inside = (steps["prefill_tokens"] > 0) & (steps["decoding"] == 8)
    seconds, by_hand = steps["seconds"][inside], reading(lab, budget, 8)
    assert len(seconds) == by_hand.steps
    assert float(seconds.max()) == pytest.approx(by_hand.worst_gap_s, rel=0.03)
    assert float(seconds.sum()) == pytest.approx(by_hand.until_read_s, rel=0.05)


def test_overhead_of_pieces_is_as_published():
    """Sarathi-Serve: on a dense model chunks of 2,048 cost next to nothing, chunks of 512 at most about a quarter."""
    lab = load_lab()
    alone = {budget: reading(lab, budget, 0).until_read_s for budget in (512, 2048, PROMPT)}
    assert alone[2048] < 1.05 * alone[PROMPT] and alone[512] < 1.25 * alone[PROMPT]


def test_the_default_labs_numbers():
    """As they were when the words were written: a change of the engine shows here first."""
    lab = load_lab()
    said = [workings.step_of_writers, workings.freeze_when_whole, workings.first_token_in_pieces]
    said += [workings.first_token_in_a_crowd, workings.smallest_gap]
    assert [str(one(lab)) for one in said] == ["16.4 ms", "378 ms", "785 ms", "6.3 s", "18.5 ms"]


@every_lab
def test_claims(name):
    lab = load_lab(name)
    assert workings.whole_prompt_freezes(lab) and workings.smaller_budget_smaller_gap(lab)
    assert workings.answers_eat_the_budget(lab) and quiz.short_add_up(lab)
    assert float(workings.freeze_low(lab)) <= float(workings.freeze_when_whole(lab)) <= float(workings.freeze_high(lab))
    assert workings.hardly_cut(lab) == (workings.usual_pieces(lab) == 2)


@every_lab
def test_slips_lie_outside_what_counts_as_close(name):
    """The crowd and the documents on every lab: no slip within x1.25 of the truth."""
    lab = load_lab(name)
    pairs = (
        (workings.first_token_in_a_crowd, (workings.crowd_in_as_many_pieces, workings.crowd_in_proportion)),
        (incident.document_wait_after, (incident.document_wait_in_proportion, incident.document_wait_of_first_piece)),
        (quiz.quiz_answers, (quiz.quiz_answers_in_proportion, quiz.quiz_answers_as_piece)),
        (workings.usual_first_piece, (workings.piece_of_512,)),
    )
    for truth, slips in pairs:
        factors = [float(slip(lab)) / float(truth(lab)) for slip in slips]
        assert all(max(factor, 1 / factor) > 1.3 for factor in factors)


@every_lab
def test_short_prompts_together_are_one_long_one_but_for_attention(name):
    lab = load_lab(name)
    together, long = float(quiz.gap_of_short_prompts(lab)), float(workings.freeze_when_whole(lab))
    assert 0.75 * long < together <= long


def test_answers_beside_the_prompt_of_the_quiz_by_hand():
    lab = load_lab("llama-3.1-8b-a100-80gb")
    assert quiz.quiz_steps_few(lab) == 16 == math.ceil(7936 / (512 - 16))
    assert float(quiz.quiz_answers(lab)) == 388 and math.ceil(7936 / (512 - 388)) == 64
    assert float(quiz.quiz_answers_in_proportion(lab)) == 64


@every_lab
def test_the_pause_tells_how_much_was_read(name):
    """The longest step takes the share of the whole prompt's time that its tokens are, attention and the fetch of the weights aside."""
    lab = load_lab(name)
    share = float(workings.usual_gap_with_prompt(lab)) / float(workings.prompt_alone(lab))
    assert share == pytest.approx(float(workings.usual_first_piece(lab)) / 8192, rel=0.25)


@every_lab
def test_every_stop_of_the_explorer_can_be_drawn(name):
    lab = load_lab(name)
    for budget in (STOPS[0], STOPS[-1]):
        for writers in (writer_stops(lab)[0], writer_stops(lab)[-1]):
            for prompt in pasted_prompt_stops(lab)[1:3]:
                shown = explore_budget(lab, budget=budget, writers=writers, prompt=prompt)
                shown.refuse(["lines"])
                starved = budget <= writers
                assert ("not read before one of them ends" in shown.finding) == starved
                assert len(shown.points) == (0 if starved else 2)
    assert budget_stops(lab) == list(STOPS) and MANY_WRITERS in writer_stops(lab)
