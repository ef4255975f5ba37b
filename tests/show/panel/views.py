"""Sample views of every kind in every state, as the lesson logic would hand them to the panel."""

from __future__ import annotations

from typing import Any

View = dict[str, Any]

SURE = ["just guessing", "fairly sure", "certain"]
TITLE = "Step 2 · predict, then reveal"
WORKING = {
    "name": "decode_ceiling",
    "value": "131 tok/s",
    "source": (
        "def decode_ceiling(lab: Lab) -> Quantity:\n"
        '    """Most tokens per second that one sequence can decode on this lab."""\n'
        "    step = decode(lab.system, batch=1, context=lab.context)\n"
        '    return Quantity(step.ceiling_tokens_per_s, "tok/s")\n'
    ),
}
OBSERVE = {
    "ask": "<p>What did it show?</p>",
    "options": [
        {"key": "bytes", "html": "Reading the weights takes nearly the whole step"},
        {"key": "flops", "html": "The matrix multiplications take nearly the whole step"},
        {"key": "same", "html": "Both take about the same time"},
    ],
    "chosen": None,
}
NOTE = "<p>The bar for reading is <strong>7.6 ms</strong> of 7.7 ms; the bar for computing is 0.03 ms.</p>"
EXPLANATION = (
    "<p>Every decoded token needs every weight once: <strong>51.2 GB</strong>. The two GPUs move 6.70 TB/s, so one "
    "step takes at least 7.6 ms, however fast they compute. This is what <strong>memory-bound</strong> means.</p>"
)
REVEAL = "<p>51.2 GB at 6.70 TB/s is 7.6 ms a token: at most <strong>131 tok/s</strong>. The measured 108 tok/s is 83 % of it.</p>"


def base(kind: str, state: str = "asked", **more: Any) -> View:
    view: View = {
        "kind": kind,
        "id": f"{kind}-sample",
        "title": TITLE,
        "state": state,
        "stem": "",
        "ask": {},
        "confidence": None,
        "hints": {"shown": [], "left": 0},
        "problem": "",
        "skipped": False,
        "observe": None,
        "working": None,
    }
    return view | more


def block(kind: str, title: str, **more: Any) -> View:
    return {"kind": kind, "id": f"{kind}-sample", "title": title, "state": "observed", **more}


LOCKED: View = {
    "kind": "choice",
    "id": "later",
    "title": "Step 3 · predict, then reveal",
    "state": "locked",
    "locked": "Reveal step 2 first",
}

CHOICE = base(
    "choice",
    stem="<p>Decode writes one token at a time. What must the GPU read from its memory for <em>each</em> new token?</p>",
    ask={
        "options": [
            {"key": "a", "html": "Only the weights of the last layer, which pick the token"},
            {"key": "b", "html": "The weights of the layers that this token activates"},
            {"key": "c", "html": "All the weights, and the keys and values of all earlier tokens"},
            {"key": "d", "html": "Nothing new: the weights stay in the cache of the chip"},
        ]
    },
    confidence=SURE,
    hints={"shown": [], "left": 2},
)
CHOICE_COMMITTED = CHOICE | {"state": "committed", "guess": {"key": "d", "confidence": 1}}
CHOICE_REVEALED = CHOICE_COMMITTED | {
    "state": "revealed",
    "result": {
        "tone": "off",
        "headline": "Not this one",
        "summary": "Not this one. The truth: all the weights, and the keys and values of all earlier tokens.",
        "feedback": (
            "<p>You may have thought of the chip's cache. That is tempting, because a CPU works this way. But the L2 cache of an H100 "
            "holds <strong>50 MB</strong>, and the weights are <strong>51.2 GB</strong>: one part in a thousand fits.</p>"
        ),
        "reveal": "<p>Each new token reads <strong>51.2 GB</strong> of weights, and 64 KiB for each earlier token.</p>",
        "options": {"d": "yours", "c": "truth"},
    },
    "observe": OBSERVE,
    "working": WORKING,
}
CHOICE_OBSERVED = CHOICE_REVEALED | {
    "state": "observed",
    "explanation": EXPLANATION,
    "observe": OBSERVE | {"chosen": "flops", "right": "bytes", "note": NOTE},
}
CHOICE_RIGHT = CHOICE_REVEALED | {
    "guess": {"key": "c", "confidence": 2},
    "result": CHOICE_REVEALED["result"]
    | {
        "tone": "right",
        "headline": "Yes: all of them",
        "summary": "Right. All the weights.",
        "options": {"c": "both"},
        "feedback": "<p>You followed the token through every layer, and each layer has to be read.</p>",
    },
}
CHOICE_SKIPPED = {key: part for key, part in CHOICE_REVEALED.items() if key != "guess"} | {
    "skipped": True,
    "result": CHOICE_REVEALED["result"] | {"tone": "plain", "headline": "", "feedback": "", "options": {"c": "truth"}},
}

NUMBER = base(
    "number",
    stem="<p>At most how many tokens per second can one request decode on this lab?</p>",
    ask={"unit": "tok/s", "placeholder": "a number, such as 250 or 1.2e3", "interval": True},
    confidence=SURE,
    hints={"shown": ["<p>Each token reads 51.2 GB, and the lab moves 6.70 TB in a second.</p>"], "left": 1},
)
NUMBER_PROBLEM = NUMBER | {"problem": "“fast” is not a number: write one such as 250 or 1.2e3."}
NUMBER_COMMITTED = NUMBER | {
    "state": "committed",
    "guess": {
        "text": "50",
        "shown": "50 tok/s",
        "value": 50.0,
        "low": 20.0,
        "high": 90.0,
        "low_text": "20",
        "high_text": "90",
        "confidence": 0,
    },
}
NUMBER_REVEALED = NUMBER_COMMITTED | {
    "state": "revealed",
    "result": {
        "tone": "off",
        "headline": "×2.6 too low",
        "summary": "Your guess of 50 tok/s is a factor 2.6 too low; the truth is 131 tok/s.",
        "feedback": "<p>You may have used the bandwidth of <strong>one</strong> GPU. With tensor parallelism each GPU reads its own half, at the same time.</p>",
        "reveal": REVEAL,
        "truth": {"text": "131 tok/s", "value": 130.7},
        "scale": [10, 1000],
        "ticks": [],
    },
    "observe": OBSERVE,
    "working": WORKING,
}
NUMBER_OBSERVED = NUMBER_REVEALED | {
    "state": "observed",
    "explanation": EXPLANATION,
    "observe": OBSERVE | {"chosen": "bytes", "right": "bytes", "note": NOTE},
}
NUMBER_CLOSE = NUMBER_REVEALED | {
    "guess": {
        "text": "120 tok/s",
        "shown": "120 tok/s",
        "value": 120.0,
        "low": None,
        "high": None,
        "low_text": "",
        "high_text": "",
        "confidence": 2,
    },
    "result": NUMBER_REVEALED["result"]
    | {"tone": "right", "headline": "Spot on", "feedback": "<p>Bytes over bandwidth: that is the whole estimate.</p>"},
}

BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256]
CURVE = base(
    "curve",
    stem="<p>Draw it: total decode throughput against batch size, from 1 to 256 requests at a context of 2,048 tokens.</p>",
    ask={
        "x": BATCHES,
        "x_label": "batch size",
        "y_label": "throughput",
        "x_unit": "requests",
        "y_unit": "tok/s",
        "x_log": True,
        "y_log": True,
        "y_min": 10,
        "y_max": 100000,
        "start": None,
    },
    confidence=SURE,
    hints={"shown": [], "left": 1},
)
CURVE_COMMITTED = CURVE | {
    "state": "committed",
    "guess": {"y": [100, 180, 320, 540, 800, 1000, 1100, 1150, 1200], "confidence": 1},
}
CURVE_REVEALED = CURVE_COMMITTED | {
    "state": "revealed",
    "result": {
        "tone": "near",
        "headline": "×2.9 off on average",
        "summary": "Your curve is a factor 2.9 off on average. It flattens at 16 requests; the true one goes on to 128.",
        "feedback": "<p>You drew the knee far too early: the weights are shared by every request of the batch.</p>",
        "reveal": "<p>Throughput grows almost in step with the batch, to <strong>8,310 tok/s</strong> at 128.</p>",
        "truth_y": [131, 258, 505, 968, 1790, 3140, 5080, 7410, 9640],
        "columns": [
            "×1.3 too low",
            "×1.4 too low",
            "×1.6 too low",
            "×1.8 too low",
            "×2.2 too low",
            "×3.1 too low",
            "×4.6 too low",
            "×6.4 too low",
            "×8 too low",
        ],
        "missed": ["The <strong>knee</strong>: the curve bends only where the KV cache weighs as much as the weights."],
    },
    "observe": OBSERVE,
    "working": WORKING,
}
CURVE_LINEAR = base(
    "curve",
    stem="<p>Draw the time of one decode step against the context.</p>",
    ask={
        "x": [0, 32, 64, 96, 128],
        "x_label": "context",
        "y_label": "step time",
        "x_unit": "thousand tokens",
        "y_unit": "ms",
        "x_log": False,
        "y_log": False,
        "y_min": 0,
        "y_max": 40,
        "start": [8, 8, 8, 8, 8],
    },
    confidence=SURE,
)

BLANKS = base(
    "blanks",
    stem="<p>Say it from memory.</p>",
    ask={"parts": ["Prefill is", "-bound, decode is ", "-bound, and batching mainly helps", "requests decode."]},
)
BLANKS_COMMITTED = BLANKS | {"state": "committed", "guess": {"texts": ["compute", "bandwidth", "prefill"]}}
GRADES = [
    {"key": "got", "label": "Had it"},
    {"key": "partly", "label": "Partly"},
    {"key": "missed", "label": "Missed it"},
]
BLANKS_REVEALED = BLANKS_COMMITTED | {
    "state": "revealed",
    "result": {
        "tone": "plain",
        "headline": "Compare the words",
        "summary": "Compare your words with the expected ones.",
        "feedback": "",
        "reveal": "",
        "expected": ["compute", "memory", "decode"],
        "grades": GRADES,
        "grade": None,
    },
}
BLANKS_GRADED = BLANKS_REVEALED | {
    "state": "observed",
    "result": BLANKS_REVEALED["result"] | {"grade": "partly"},
    "explanation": EXPLANATION,
}

RECALL = base("recall", title="Recall", stem="<p>In one line: why is decode memory-bound?</p>")
RECALL_COMMITTED = RECALL | {"state": "committed", "guess": {}}
RECALL_REVEALED = RECALL_COMMITTED | {
    "state": "revealed",
    "result": {
        "tone": "plain",
        "headline": "",
        "summary": "The answer is shown.",
        "feedback": "",
        "reveal": "",
        "answer": "<p>Each token reads all the weights and does only one token's worth of arithmetic with them.</p>",
        "grades": GRADES,
        "grade": None,
    },
}

EXPLAIN = base(
    "explain",
    title="Explain it cold · in your own words",
    stem="<p>A colleague asks: “Why does our 27B model write so much slower than it reads?” Answer in three sentences.</p>",
    ask={"placeholder": "Our 27B writes slower than it reads because …", "rows": 4},
)
EXPLAIN_COMMITTED = EXPLAIN | {
    "state": "committed",
    "guess": {"text": "Because it reads all the weights for every token.\nAnd the prompt goes through in one pass."},
}
EXPLAIN_REVEALED = EXPLAIN_COMMITTED | {
    "state": "revealed",
    "result": {
        "tone": "plain",
        "headline": "",
        "summary": "One good answer is shown beside yours.",
        "feedback": "",
        "reveal": "",
        "answer": "<p>Reading a prompt is one wide pass that keeps the tensor cores busy. Writing reads every weight again for each token, so bandwidth sets its pace.</p>",
        "checklist": [
            "Each token reads all the weights",
            "Prefill shares one read among all prompt tokens",
            "The limit is bandwidth, not FLOP/s",
        ],
        "grades": GRADES,
        "grade": None,
    },
}

TABLE = block(
    "tell",
    title="Score card",
    html="<table><tr><th>Prediction</th><th>Your guess</th><th>How sure</th><th>What came out</th></tr>"
    "<tr><td>Transfer</td><td>Only the request's own cache; the weights stay</td><td>fairly sure</td><td>another idea: weights stay on chip</td></tr></table>",
)
NOTE_ASKED = base(
    "note",
    title="The question to the teacher",
    stem="<p>What is still unclear?</p>",
    ask={"placeholder": "Anything at all", "rows": 3},
)
NOTE_KEPT = NOTE_ASKED | {"state": "committed", "guess": {"text": "Why is the state read and written?"}}
TELL = block(
    "tell",
    title="In Kubernetes terms",
    html="<p>Think of prefill as the <strong>init container</strong> and of decode as the main container: one burst, then a long steady run.</p>",
)

ROOF = {"x": [0.1, 295, 10_000], "y": [6.7e11, 1.98e15, 1.98e15]}
AXES = {
    "x_label": "arithmetic intensity",
    "y_label": "arithmetic rate",
    "x_unit": "FLOP/byte",
    "y_unit": "TFLOP/s",
    "x_scale": 1,
    "y_scale": 1e12,
    "x_min": 0.1,
    "x_max": 10_000,
    "y_min": 1e11,
    "y_max": 1e16,
    "roof": ROOF,
}
MINE = {"x": 7.5, "y": 48e12, "x_text": "7.5", "y_text": "48", "shown": "7.5 FLOP/byte, 48 TFLOP/s"}
PLACE = base("place", stem="Where on the roof does one decode step stand?", ask=AXES, confidence=SURE)
PLACE_COMMITTED = {**PLACE, "state": "committed", "guess": {**MINE, "confidence": 2}}
PLACE_REVEALED = {
    **PLACE_COMMITTED,
    "state": "observed",
    "result": {
        "tone": "off",
        "headline": "Right order: ×7.5 too far right",
        "summary": "Right order: ×7.5 too far right. The dot: 1 FLOP/byte, 6.7 TFLOP/s.",
        "feedback": "<p>That would take more arithmetic for every byte.</p>",
        "reveal": "<p>It stands far left.</p>",
        "truth": {"x": 1, "y": 6.7e12, "label": "decode, batch 1", "text": "1 FLOP/byte, 6.7 TFLOP/s"},
    },
    "explanation": EXPLANATION,
}
DOTS = block(
    "roof",
    "Your roof so far",
    html="",
    roof={
        "axes": AXES,
        "roofs": [ROOF],
        "dots": [
            {
                "lesson": "3",
                "label": "decode, batch 1",
                "x": 1,
                "y": 6.7e12,
                "text": "1 FLOP/byte, 6.7 TFLOP/s",
                "mine": MINE,
                "off": "×7.5 too far right",
            },
            {
                "lesson": "4",
                "label": "prefill of 4,096 tokens",
                "x": 2400,
                "y": 1.98e15,
                "text": "2,400 FLOP/byte, 1.98 PFLOP/s",
                "mine": None,
                "off": "skipped",
            },
        ],
        "waiting": "1 more dot of lesson 5 is not revealed yet.",
        "alt": "2 dots on a log-log roof of arithmetic rate over intensity: decode, batch 1 at 1 FLOP/byte.",
    },
)
CASE = {
    "title": "Your lab: Qwen3.5-27B",
    "lines": '"hidden_size": 5120,\n"num_hidden_layers": 64,\n"tie_word_embeddings": false',
    "config": '{\n  "hidden_size": 5120,\n  "num_hidden_layers": 64,\n  "intermediate_size": 17408,\n  "vocab_size": 248320,\n  "tie_word_embeddings": false,\n  "torch_dtype": "bfloat16",\n  "rope_theta": 10000000\n}',
    "given": [["context", "32,768"]],
    "tone": "plain",
    "yours": "",
    "engine": "",
    "factor": "",
    "note": "",
}
OFF = {
    **CASE,
    "tone": "near",
    "yours": "48.66 GB",
    "engine": "51.21 GB",
    "factor": "×1.05 too low",
    "note": "This is what you get when the output head is left out.",
}
FAULT = {**CASE, "tone": "off", "note": "Line 4: config has no key “num_layers”; did you mean “num_hidden_layers”?"}
WITHIN = {**CASE, "tone": "right", "yours": "51.21 GB", "engine": "51.21 GB", "factor": "within 1 %"}
STEM = "<p>Which keys of <code>config.json</code> say how many bytes of weights a GPU holds?</p>"


def written(tone: str, headline: str, *cases: View) -> View:
    told = {
        "name": "weights",
        "tone": tone,
        "headline": headline,
        "summary": "Change the cell above, then run it again.",
    }
    return block("write", "Write it · weights", html=STEM, write={**told, "cases": list(cases)})


CLOSING = base(
    "closing",
    stem="What would you still like to know?",
    ask={"placeholder": "Type here.", "rows": 3},
    closing={"locked": "Reveal step 4 first", "score": "", "sources": ""},
)
CLOSING_OPEN = {
    **CLOSING,
    "id": "closing-open",
    "closing": {
        "locked": "",
        "score": "<p>9 predictions made, 4 of them right.</p>",
        "sources": '<ol class="ll-sources"><li>A paper, A. B. So it is.</li></ol>',
    },
}

# Everything that a person can meet, by name.
ALL: dict[str, View] = {
    "locked": LOCKED,
    "choice-asked": CHOICE,
    "choice-committed": CHOICE_COMMITTED,
    "choice-revealed": CHOICE_REVEALED,
    "choice-observed": CHOICE_OBSERVED,
    "choice-right": CHOICE_RIGHT,
    "choice-skipped": CHOICE_SKIPPED,
    "number-asked": NUMBER,
    "number-problem": NUMBER_PROBLEM,
    "number-committed": NUMBER_COMMITTED,
    "number-revealed": NUMBER_REVEALED,
    "number-observed": NUMBER_OBSERVED,
    "number-close": NUMBER_CLOSE,
    "curve-asked": CURVE,
    "curve-linear": CURVE_LINEAR,
    "curve-committed": CURVE_COMMITTED,
    "curve-revealed": CURVE_REVEALED,
    "blanks-asked": BLANKS,
    "blanks-committed": BLANKS_COMMITTED,
    "blanks-revealed": BLANKS_REVEALED,
    "blanks-graded": BLANKS_GRADED,
    "recall-asked": RECALL,
    "recall-committed": RECALL_COMMITTED,
    "recall-revealed": RECALL_REVEALED,
    "explain-asked": EXPLAIN,
    "explain-committed": EXPLAIN_COMMITTED,
    "explain-revealed": EXPLAIN_REVEALED,
    "note-asked": NOTE_ASKED,
    "note-kept": NOTE_KEPT,
    "place-asked": PLACE,
    "place-committed": PLACE_COMMITTED,
    "place-revealed": PLACE_REVEALED,
    "roof": DOTS,
    "write": written("plain", "Not written yet", CASE),
    "write-tried": written("near", "1 of 3 within 1 %", OFF, FAULT, WITHIN),
    "closing": CLOSING,
    "closing-open": CLOSING_OPEN,
    "tell": TELL,
    "table": TABLE,
}
