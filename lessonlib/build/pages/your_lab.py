"""The cells of the notebook about the learner's own server."""

from __future__ import annotations

_OPENING = """# Your lab

The lessons speak of a lab. This page makes it **yours**: it looks at a live vLLM server (or at the Prometheus server that scrapes it) for half a
minute, asks you to predict what it will say, shows it beside the roofs, and writes a lab file that every lesson then uses.

**No server at hand?** `url = "demo"` reads half a minute of a recorded one, so that you can try the page now. It was simulated: a search over
documents, with long prompts, the same documents again and again, and short answers.

A bearer token goes into the environment as `LESSONLIB_TOKEN`, never into a notebook. The same from a terminal: `python -m lessonlib probe URL`."""

_PARAMETERS = """url = "demo"   # a recorded server; yours: "http://localhost:8000" (vLLM), or a Prometheus server
lab = None   # the lab nearest to yours: a server does not tell its GPUs and precision. None: the one chosen in the start notebook
window = 30  # seconds to look
model = None  # which of several served models
auto = None  # None: you answer"""

_CLOCKS = """## Two kinds of numbers

A dashboard's tokens per second divide everything by the wall clock. A request's own clock runs only while it is served. The report that opens
lesson 1 gave two numbers and not their clocks: if they came from the log line, both are **window averages**, whatever they were called. Here every
number says which it is."""

_AFTER = """## Keep it

The file holds what was measured, and from the lab you named what no server tells. Predict again after your next change: that is what it is for."""

CELLS = (
    ("markdown", _OPENING),
    ("parameters", _PARAMETERS),
    (
        "code",
        "from lessonlib import open_your_lab\n\nyours = open_your_lab(url, lab, window, auto, model=model)\nyours",
    ),
    ("markdown", _CLOCKS),
    *(
        ("code", f'# {title} · predict, then reveal\nyours.predict("{key}")')
        for key, title in (
            ("prompt_to_generation", "Your traffic"),
            ("decode_tokens_per_s", "Decode"),
            ("prefill_tokens_per_s", "Prefill"),
            ("ttft_s", "Time to first token"),
            ("cache_hit_share", "Prefix cache"),
            ("kv_cache_usage", "KV cache"),
        )
    ),
    ("code", "# All numbers, with what they cannot tell\nyours.numbers()"),
    ("markdown", _AFTER),
    ("code", '# Your lab file\nyours.keep("my-lab.toml")'),
)
