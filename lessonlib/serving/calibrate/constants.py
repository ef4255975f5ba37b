"""The constants of the expectation: what each means, where it starts, and how firmly.

A prior is a normal law on the logarithm: `start` is its middle and `width` its standard deviation (0.1: a tenth, 0.7: a factor
of two). Starts are physical: shares of peaks that isolated kernels reach, seconds of a kernel launch, what a vendor says of a
link. Offsets start at 1, so that an architecture or precision with few measurements leans on all others; how widely they may
differ is one number for each kind of offset, chosen on sources left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """Where a constant starts, how firmly, its unit, and what it means. fixed: why it is not fitted ("": it is)."""

    start: float
    width: float
    unit: str
    meaning: str
    fixed: str = ""


#: Architectures with offsets of their own (see also efficiency.NEIGHBOURS).
ARCHITECTURES = ("ampere", "hopper", "blackwell-integrated", "cdna2", "cdna3")


@dataclass(frozen=True)
class Widths:
    """Widths of the priors, chosen on sources left out (`python -m lessonlib.serving.calibrate.fit --widths`).

    general: of a share that holds everywhere, where its meaning leaves much open; twice that for times. bandwidth, compute,
    launch: of what an architecture may differ from all others.
    """

    general: float = 0.3
    bandwidth: float = 0.1
    compute: float = 0.25
    launch: float = 0.6


def _offset(name: str, width: float) -> dict[str, Constant]:
    return {f"{name}@{where}": Constant(1.0, width, "factor", f"{where} against all") for where in ARCHITECTURES}


def constants(widths: Widths = Widths()) -> Mapping[str, Constant]:
    """Every constant with its prior."""

    def _share(start: float, meaning: str, width: float = widths.general, fixed: str = "") -> Constant:
        return Constant(start, width, "share", meaning, fixed)

    def _time(start: float, meaning: str, width: float = 2 * widths.general, fixed: str = "") -> Constant:
        return Constant(start, width, "s", meaning, fixed)

    def _factor(start: float, meaning: str, fixed: str) -> Constant:
        return Constant(start, 0.25, "factor", meaning, fixed)

    return {
        "bandwidth.matmul": _share(0.84, "matrices", 0.1),
        "bandwidth.experts": _share(0.8, "matrices of experts: many small ones, in any order", 0.15),
        "bandwidth.attention": _share(0.85, "KV cache in decode attention", 0.15),
        "bandwidth.latent attention": _share(0.7, "the latent in decode attention"),
        "bandwidth.linear attention": _share(0.88, "state of linear attention", 0.15),
        "bandwidth.vectors": _share(0.7, "norms and additions over the residual stream"),
        **_offset("bandwidth", widths.bandwidth),
        "bandwidth@ada": Constant(
            1.13,
            0.05,
            "factor",
            "ada against all: a 7B model in 16 bits on one RTX 4090 reaches a published 0.82 of its ceiling",
        ),
        "unpack.bf16": _share(1.0, "16-bit matrices, the reference", fixed="by definition"),
        "unpack.fp8": _share(0.85, "bandwidth of fp8 matrices against 16-bit ones", 0.15),
        "unpack.int8": _share(0.82, "the same for 8-bit weight-only", 0.15),
        "unpack.int4": _share(0.72, "the same for 4-bit weight-only", 0.15),
        "unpack.mxfp4": _share(0.8, "the same for mxfp4", 0.15),
        "unpack.nvfp4": _share(0.8, "the same for nvfp4", 0.15),
        "compute.matmul": _share(0.8, "large matrix products in 16 bits", 0.1),
        "compute.experts": _share(0.35, "matrix products of experts, each with its share of the rows"),
        "experts.rows": Constant(16.0, 0.7, "rows", "rows by which kernels pad the share of each expert: half a tile"),
        "compute.attention": _share(0.45, "attention of a prompt"),
        "compute.latent attention": _share(0.4, "the same with a latent"),
        "compute.linear attention": _share(0.4, "linear attention of a prompt"),
        "compute.vectors": _share(0.4, "norms", fixed="never the slower side"),
        "compute.sustained": _share(0.78, "of a kernel's FLOP/s inside a whole step", 0.15),
        **_offset("compute", widths.compute),
        "rate.bf16": _share(1.0, "16 bits, the reference", fixed="by definition"),
        "rate.fp8": _share(0.72, "share of the fp8 peak against that of the 16-bit peak", 0.15),
        "rate.int8": _share(0.72, "the same in int8", 0.15),
        "rate.fp4": _share(0.75, "the same in 4-bit floats", 0.2),
        **_offset("rate.fp8", widths.compute),
        "rate.unpacked@hopper": _factor(
            0.66,
            "hopper and later against all, 16-bit arithmetic on weights that come in fewer bits: kernels that unpack multiply by the instructions of Ampere",
            "large products in aiconfigurator-core 0.12.0: 502 TFLOP/s with 8-bit weights against 756 (H100, SGLang 0.5.6); 255 and 262 against 263 on A100 (TensorRT-LLM 1.0), so no loss there",
        ),
        "rate.unpacked@blackwell": _factor(
            0.64,
            "blackwell against hopper in the same",
            "one prompt on B200, 16-bit weights against 4-bit ones multiplied in 16: 402 and 966 ms (SGLang's Qwen3.6 speed benchmarks)",
        ),
        "rate.fp4@blackwell-integrated": Constant(
            0.4, 0.5, "factor", "consumer cards against all: their kernels unpack to 8 or 16 bits as yet"
        ),
        "launch.matmul_s": _time(1.5e-6, "one matrix product beyond its roofline"),
        "launch.experts_s": _time(3e-6, "one grouped product of experts beyond its roofline"),
        "launch.attention_s": _time(8e-6, "one attention beyond its roofline"),
        "launch.latent attention_s": _time(
            6e-5, "one latent attention beyond its roofline, with the small kernels around it"
        ),
        "launch.linear attention_s": _time(4e-6, "one linear attention step beyond its roofline"),
        "launch.vectors_s": _time(1e-5, "norms, rotations, activations of one layer"),
        "launch.mixture_s": _time(2e-5, "the chain around the experts of one layer: choose, sort, scatter, gather"),
        **_offset("launch", widths.launch),
        "link.share.nvlink": _share(
            0.8,
            "of NVLink in large transfers",
            fixed="what the maintainer of NCCL names for eight H100: 370 of 450 GB/s (NVIDIA/nccl-tests, issue 212)",
        ),
        "link.share.fabric": _share(0.6, "of Infinity Fabric and others"),
        "link.share.pcie": _share(
            0.3, "of PCIe: no path from GPU to GPU, half of each way's traffic again through the host"
        ),
        "link.share.network": _share(
            0.8, "of the network between nodes", fixed="as NVLink; no measurement here speaks of it"
        ),
        "link.latency.nvlink_s": _time(8e-6, "one all-reduce over NVLink"),
        "link.latency.fabric_s": _time(1.5e-5, "the same over Infinity Fabric and others"),
        "link.latency.pcie_s": _time(2.5e-5, "the same over PCIe"),
        "link.latency.network_s": _time(
            1e-4,
            "the same between nodes",
            fixed="between a small all-reduce of NCCL over two nodes, 30 to 80 us, and the 160 us that a published 31.2 ms a token of DeepSeek-V3 on two nodes of H100 leaves for it",
        ),
        "step_s": _time(1e-4, "one step: scheduling and sampling"),
        "sequence_s": _time(3e-6, "the host's work for one sequence of a step"),
        "server.first_token_s": _time(
            1.5e-2, "from the request to the scheduler and from the token to the client, of an idle server"
        ),
        "server.busy_s": _time(4e-2, "more where the server has other requests"),
        "server.mixture_s": _time(4e-2, "more still where it serves a mixture to several"),
        "eager.layer_s": _time(4.5e-4, "host time of one layer without CUDA graphs, hosts of 2023"),
        "eager@ampere": Constant(1.24, 0.1, "factor", "A100 hosts of 2023"),
        "eager@hopper": Constant(
            0.82,
            0.1,
            "factor",
            "H100 hosts of 2023: the published floor of 28 to 31 ms for the 80 layers of Llama-2-70B",
        ),
        "eager.link.share": _share(0.35, "of the link, engines of 2023"),
        "eager.vectors": _share(0.25, "of the bandwidth in unfused norms, engines of 2023"),
        "eager.sequence_s": _time(3e-4, "host time of one sequence in a step without CUDA graphs"),
    }


CONSTANTS: Mapping[str, Constant] = constants()
