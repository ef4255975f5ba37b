"""Makes the recording that ``url="demo"`` reads: the metrics pages of a simulated server, one every ten seconds.

``python -m lessonlib.build.demo_server`` writes it anew. A recording stays as it is when the engine's constants change.
"""

from __future__ import annotations

from lessonlib.base.files import write_text
from lessonlib.base.paths import data_dir
from lessonlib.probe.demo import BREAK, FILE, LAB
from lessonlib.roofline import load_lab
from lessonlib.serving import LogNormal, Poisson, Sharing, Telemetry, Workload, exposition, simulate

SEED = 11
#: the window begins when the cache is warm; seconds of the run at which pages are taken
MOMENTS = (300.0, 310.0, 320.0, 330.0)
_HEAD = """\
# Simulated, not measured: what a server of the lab {lab} would tell at /metrics, made by lessonlib.serving under vLLM's names.
# A search over documents: long prompts that begin with one of {documents} documents, short answers, {rate:g} requests a second.
"""


def pages() -> str:
    """All pages, each behind a line that tells its second."""
    work = Workload(
        800,
        LogNormal(7000, 0.35, 3500, 30_000),
        LogNormal(180, 0.7, 8, 2000),
        Poisson(1.6),
        Sharing(system_tokens=1568, document_tokens=3136, documents=60, zipf=0.9),
        seed=SEED,
    )
    told = Telemetry(simulate(load_lab(LAB).system, work, limit_s=MOMENTS[-1] + 60.0))
    begin = float(told.result.requests["arrival_s"].min())
    text = _HEAD.format(lab=LAB, documents=work.sharing.documents, rate=1.6)
    for second in MOMENTS:
        lines = exposition(told, begin + second).splitlines()
        kept = [
            line for line in lines if not line.startswith("#") and not ("_bucket{" in line and line.endswith(" 0.0"))
        ]
        text += f"{BREAK}{second:g}\n" + "\n".join(kept) + "\n"
    return text


if __name__ == "__main__":
    write_text(data_dir() / "demo" / FILE, pages())
