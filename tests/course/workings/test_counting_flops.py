"""The numbers of lesson 4 that had been wrong or could mislead, each held against a count made here."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_04 import cached_prompt, prompt_flops, workings
from lessonlib.course.lesson_04.explore_prompt import explore_prompt
from lessonlib.course.shared.lab_numbers import parameters_in_use
from lessonlib.course.shared.prompt_time import flops_for_prompt_token
from lessonlib.roofline import Lab, lab_names, load_lab, load_model, mixed, prefill, weight_bytes_read


@pytest.fixture(params=lab_names())
def lab(request: pytest.FixtureRequest) -> Lab:
    return load_lab(request.param)


def test_one_token_and_one_prompt_of_the_example_are_two_lengths():
    shape = load_model("llama-3.1-8b")
    context = 2 * shape.parameters_read / (4 * 128 * 32 * 32)
    assert float(prompt_flops.equal_context_of_one_token(load_lab())) == pytest.approx(context)
    prompt = float(prompt_flops.example_prompt(load_lab()))
    # the head runs once, so the prompt's weights have less to do for each token
    assert prompt == pytest.approx(2 * context * (1 - shape.head.size / shape.parameters_read), rel=1e-3)
    assert str(prompt_flops.example_prompt(load_lab())) == "53,200 tokens"


def test_the_full_count_comes_near_two_flops_a_parameter_and_token(lab: Lab):
    """The output head off, what is in no parameter on; and on the default lab a little is left off."""
    rule, taken, added = (
        float(number(lab)) for number in (workings.prompt_napkin, workings.head_takes_off, workings.no_parameter_adds)
    )
    assert rule - taken + added == pytest.approx(prefill(lab.system, lab.prompt).flops)
    assert 7 / 8 < float(workings.full_over_napkin(lab)) < 9 / 8
    looks = sum(part.flops for part in prefill(lab.system, lab.prompt).operations if part.kind == "attention")
    assert looks <= added * 1.001
    if lab.name == load_lab().name:
        assert str(workings.full_over_napkin(lab)) == "0.971×"


def test_the_head_runs_once(lab: Lab):
    """The engine's own output head, in the prefill of the usual prompt."""
    head = next(part for part in prefill(lab.system, lab.prompt).operations if part.name == "output head")
    assert float(workings.head_of_a_prompt(lab)) == pytest.approx(head.flops)


def test_half_of_the_looks_can_be_worked_out_from_what_is_printed(lab: Lab):
    """Where looks and all else are equal: twice what a token does besides, over one look. Windows and a latent's other way of reading add little."""
    by_hand = 2 * float(workings.all_but_the_looks(lab)) / float(workings.one_look_here(lab))
    assert by_hand == pytest.approx(float(workings.equal_prompt(lab)), rel=0.02)


def test_the_last_of_four_chunks_by_hand():
    """A quarter of the tokens, seven eighths of the prompt behind each: 7 of 16 parts; anew each time, 16 of 30."""
    lab = load_lab()
    assert float(prompt_flops.last_chunk_share(lab)) == pytest.approx(100 * 7 / 16, rel=1e-3)
    assert float(prompt_flops.first_chunk_share(lab)) == pytest.approx(100 / 16, rel=1e-3)
    assert float(prompt_flops.chunk_share_anew(lab)) == pytest.approx(100 * 16 / 30, rel=1e-3)


def test_a_token_after_a_text_has_both_parts(lab: Lab):
    """By hand from what the stem prints; windows and states add little."""
    by_hand = 2 * float(parameters_in_use(lab)) + 32_768 * float(workings.one_look_written(lab))
    assert float(workings.token_after_text(lab)) == pytest.approx(by_hand, rel=0.01)


def test_a_look_of_the_mixture_by_hand():
    """18 layers without a window, 64 query heads of 64 numbers, four FLOPs each."""
    mixture = load_lab("gpt-oss-120b-h100-mxfp4")
    assert float(workings.one_look_written(mixture)) == pytest.approx(18 * 64 * 64 * 4)
    assert float(workings.token_after_text(mixture)) == pytest.approx(20e9, rel=0.01)


def test_the_floor_elsewhere_can_be_worked_out_from_what_is_printed():
    lab, tokens = load_lab(), 98_304
    work = tokens * float(flops_for_prompt_token(lab)) + tokens**2 / 2 * float(workings.one_look_here(lab))
    assert work / lab.system.flops == pytest.approx(float(workings.middle_time(lab)), rel=0.01)


def test_attention_is_the_smaller_part_of_usual_prompts_and_of_32k_on_the_default_lab(lab: Lab):
    assert float(workings.share_at_usual(lab)) < 25
    if lab.name == load_lab().name:
        assert float(workings.share_at_timed(lab)) == pytest.approx(11.6, abs=0.05)


def test_the_long_prompt_takes_its_flops_at_the_peak_and_no_power_of_its_length(lab: Lab):
    step = prefill(lab.system, 131_072)
    assert float(workings.long_time(lab)) == step.ceiling_s == step.compute_s
    ratio = float(workings.long_over_short(lab))
    assert 1.4 < ratio < 10
    assert float(workings.long_time_squared(lab)) == pytest.approx(64 * float(workings.short_time(lab)))
    assert float(workings.long_expected_low(lab)) <= float(workings.long_expected(lab)) * 1.02
    assert float(workings.long_time(lab)) <= float(workings.long_expected_low(lab)) * 1.005
    assert float(workings.long_expected(lab)) < float(workings.long_expected_high(lab))


def test_three_quarters_of_the_prompt_take_less_than_three_quarters_and_bandwidth_is_not_in_it():
    lab = load_lab()
    assert float(workings.middle_time(lab)) < 0.75 * float(workings.long_time(lab))
    assert float(workings.middle_time_by_bandwidth(lab)) == pytest.approx(
        float(workings.middle_time(lab)) * 3350 / 4800
    )


def test_a_short_question_moves_all_weights_and_the_cache_of_the_text(lab: Lab):
    step = mixed(lab.system, [(40, 32_768)])
    assert float(cached_prompt.question_bytes(lab)) >= weight_bytes_read(lab.system)
    dot = cached_prompt.place_of_question(lab)
    assert dot["x"] == pytest.approx(step.flops / step.bytes)
    assert dot["y"] == pytest.approx(min(lab.system.flops, lab.system.bandwidth * dot["x"]))
    assert dot["x"] < lab.system.ridge  # so it waits for memory, on every lab


def test_on_the_default_lab_reading_40_tokens_takes_as_long_as_writing_one():
    lab = load_lab()
    assert str(cached_prompt.question_time(lab)) == str(cached_prompt.written_after_text(lab)) == "8.02 ms"
    assert str(cached_prompt.question_saves(lab)) == "115×"
    assert cached_prompt.tokens_spared(lab) == 819


def test_the_cache_of_the_text_and_the_weights_are_the_bytes_of_the_question(lab: Lab):
    """Of a mixture, the question's tokens want more experts between them."""
    both = float(cached_prompt.text_cache(lab)) + weight_bytes_read(lab.system)
    found = float(cached_prompt.question_bytes(lab))
    assert found > both if lab.system.model.is_mixture else found == pytest.approx(both, rel=0.01)


def test_measured_prefill_lies_between_forty_and_seventy_per_cent_of_the_peak():
    lab = load_lab()
    assert float(cached_prompt.reach_of_two_h100(lab)) == pytest.approx(46, abs=1)
    assert float(cached_prompt.reach_of_two_a100(lab)) == pytest.approx(63, abs=1)


def test_the_explorer_has_the_floor_of_the_lesson_and_what_a_cache_leaves_of_it(lab: Lab):
    gpu = lab.system.gpu.name
    whole = explore_prompt(lab, prompt=32_768, cached=0, gpu=gpu)
    left = explore_prompt(lab, prompt=32_768, cached=90, gpu=gpu)
    assert float(whole.value("floor")) == pytest.approx(prefill(lab.system, 32_768).roof_s)
    assert sum(part.value for part in whole.bars[0].parts) == pytest.approx(float(whole.value("floor")), rel=5e-3)
    assert 0.1 < float(left.value("floor")) / float(whole.value("floor")) < 0.2  # what its guess calls right


def test_the_explorer_names_the_slower_one():
    lab = load_lab()
    assert "arithmetic is the slower" in explore_prompt(lab, prompt=32_768, cached=0, gpu="h100-sxm").finding
    assert "memory is the slower" in explore_prompt(lab, prompt=4096, cached=98, gpu="h100-sxm").finding
