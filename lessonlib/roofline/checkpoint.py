"""What a checkpoint's quantisation says: the format of each part, of the KV cache, and what it keeps in 16 bits.

Read are the layouts of Hugging Face (fp8, mxfp4, gptq, awq, bitsandbytes and others), compressed-tensors, ModelOpt (also
in a hf_quant_config.json beside the configuration) and Quark. Names of modules and patterns are matched, never run: of
regular expressions only those without nested repetition are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase, translate
from typing import Any

from lessonlib.base.errors import LessonlibError, listed, shown
from lessonlib.roofline.blocks import Matrix
from lessonlib.roofline.model import Checkpoint, Layers, Model

WIDE = "bf16"
_PLAIN = {
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "mxfp4": "mxfp4",
    "awq": "int4",
    "eetq": "int8",
}
_ALGORITHMS = {
    "FP8": "fp8",
    "FP8_PER_CHANNEL_PER_TOKEN": "fp8",
    "FP8_PB_WO": "fp8",
    "MXFP8": "fp8",
    "NVFP4": "nvfp4",
    "NVFP4_AWQ": "nvfp4",
    "W4A16_NVFP4": "nvfp4",
    "MXFP4": "mxfp4",
    "W4A8_AWQ": "int4",
    "INT4_AWQ": "int4",
    "W4A16_AWQ": "int4",
    "W8A8_SQ_PER_CHANNEL": "int8-w8a8",
    "INT8": "int8-w8a8",
    "W8A16": "int8",
}
#: matrix of a layer -> names of its module in checkpoints, within the layer.
_MODULES: dict[str, tuple[str, ...]] = {
    "attention: q, k, v": ("self_attn.q_proj", "self_attn.qkv_proj", "attn.q_proj", "mixer.q_proj"),
    "attention: output": ("self_attn.o_proj", "attn.o_proj", "mixer.o_proj"),
    "attention: output down": ("self_attn.o_a_proj", "attn.wo_a"),
    "attention: q down": ("self_attn.q_a_proj", "attn.wq_a"),
    "attention: q up": ("self_attn.q_b_proj", "self_attn.q_proj", "attn.wq_b"),
    "attention: kv down": ("self_attn.kv_a_proj_with_mqa", "attn.wkv"),
    "attention: kv up": ("self_attn.kv_b_proj", "attn.wkv_b"),
    "indexer: q": ("self_attn.indexer.wq_b", "attn.indexer.wq_b"),
    "indexer: k": ("self_attn.indexer.wk", "attn.indexer.wk"),
    "compressor: kv, gate": ("self_attn.compressor.kv_proj", "attn.compressor.wkv"),
    "DeltaNet: q, k, v, gate": ("linear_attn.in_proj_qkv", "linear_attn.in_proj_qkvz"),
    "DeltaNet: output": ("linear_attn.out_proj",),
    "KDA: q, k, v": ("self_attn.q_proj",),
    "KDA: gates down": ("self_attn.f_a_proj",),
    "KDA: gates up": ("self_attn.f_b_proj",),
    "KDA: output": ("self_attn.o_proj",),
    "Mamba: in": ("mixer.in_proj", "mamba.in_proj"),
    "Mamba: out": ("mixer.out_proj", "mamba.out_proj"),
    "lightning: q, k, v, gate": ("self_attn.qkv_proj",),
    "lightning: output": ("self_attn.out_proj",),
    "convolution: in": ("conv.in_proj",),
    "convolution: out": ("conv.out_proj",),
    "MLP: gate, up": ("mlp.gate_proj", "mlp.gate_up_proj", "feed_forward.gate_proj", "mlp.up_proj"),
    "MLP: up": ("mlp.up_proj", "mixer.up_proj", "mlp.fc1"),
    "MLP: down": ("mlp.down_proj", "feed_forward.down_proj", "mixer.down_proj", "mlp.fc2"),
    "experts: gate, up": (
        "mlp.experts.0.gate_proj",
        "mlp.experts.gate_up_proj",
        "block_sparse_moe.experts.0.w1",
        "feed_forward.experts.gate_up_proj",
        "ffn.experts.0.w1",
        "experts.gate_up_proj",
    ),
    "experts: up": ("mixer.experts.0.up_proj",),
    "experts: down": (
        "mlp.experts.0.down_proj",
        "mlp.experts.down_proj",
        "block_sparse_moe.experts.0.w2",
        "feed_forward.experts.down_proj",
        "mixer.experts.0.down_proj",
        "ffn.experts.0.w2",
        "experts.down_proj",
    ),
    "latent: down": ("mixer.fc1_latent_proj",),
    "latent: up": ("mixer.fc2_latent_proj",),
    "shared expert: gate, up": (
        "mlp.shared_experts.gate_proj",
        "mlp.shared_expert.gate_proj",
        "feed_forward.shared_expert.gate_proj",
        "ffn.shared_experts.w1",
        "block_sparse_moe.shared_experts.gate_proj",
    ),
    "shared expert: up": ("mixer.shared_experts.up_proj",),
    "shared expert: down": (
        "mlp.shared_experts.down_proj",
        "mlp.shared_expert.down_proj",
        "feed_forward.shared_expert.down_proj",
        "mixer.shared_experts.down_proj",
        "ffn.shared_experts.w2",
        "block_sparse_moe.shared_experts.down_proj",
    ),
    "router": ("mlp.gate", "mlp.router", "block_sparse_moe.gate", "mixer.gate", "router", "ffn.gate"),
}
#: The same for families that name their modules in another way.
_OWN_MODULES: Mapping[str, dict[str, tuple[str, ...]]] = {
    "gemma4_text": {
        "experts: gate, up": ("experts.0.gate_proj", "experts.gate_up_proj"),
        "experts: down": ("experts.0.down_proj", "experts.down_proj"),
        "shared expert: gate, up": ("mlp.gate_proj",),
        "shared expert: down": ("mlp.down_proj",),
    },
}
_HEADS = ("lm_head", "language_model.lm_head", "model.lm_head", "head")
_EMBEDDINGS = ("model.embed_tokens", "embed_tokens", "language_model.model.embed_tokens")
_LAYER = re.compile(r"^(?:(.*)\.)?layers\.(\d{1,5}|\*)(\*|\.(.*))?$", re.DOTALL)
_EXPERT = re.compile(r"(^|\.)experts\.\d+(?=\.|$)")
_MOST_PATTERN = 300
_MOST_EXPRESSIONS = 100
_ANY_LAYER = -1


def _is_safe(expression: str) -> bool:
    """Whether a regular expression can be tried without taking for ever: few repetitions, none of a group."""
    return (
        len(expression) <= _MOST_PATTERN
        and len(re.findall(r"[*+{]", expression)) <= 3
        and ")*" not in expression
        and (")+" not in expression and "){" not in expression)
    )


class _Names:
    """Names and patterns of modules, sorted by what they say: of one layer, of any layer, anywhere."""

    def __init__(self, names: Iterable[object]) -> None:
        self.inside: dict[str, set[int]] = {}
        self.literal: set[str] = set()
        self.expressions: list[re.Pattern[str]] = []
        self.unread: list[str] = []
        for name in dict.fromkeys(item for item in names if isinstance(item, str)):
            self._add(name)

    def _add(self, name: str) -> None:
        found = _LAYER.match(name) if len(name) <= _MOST_PATTERN else None
        if name.startswith("re:") or not found:
            self._add_anywhere(name)
            return
        layer = _ANY_LAYER if found[2] == "*" else int(found[2])
        rest = _EXPERT.sub(r"\1experts.0", found[4] or "")
        self.inside.setdefault(rest, set()).add(layer)

    def _add_anywhere(self, name: str) -> None:
        if not name.startswith("re:") and "*" not in name:
            self.literal.add(name)
            return
        expression = name[3:] if name.startswith("re:") else translate(name)
        safe = len(self.expressions) < _MOST_EXPRESSIONS and len(name) <= _MOST_PATTERN
        try:
            if safe and (_is_safe(expression) or not name.startswith("re:")):
                self.expressions.append(re.compile(expression))
                return
        except (re.error, RecursionError, OverflowError):
            pass
        self.unread.append(name)

    def share(self, modules: Sequence[str], layers: int, of: int) -> float:
        """Share of the `of` layers with that module, of the model's `layers`, that the names cover."""
        if any(self._anywhere(f"model.layers.7.{module}") for module in modules):
            return 1.0
        covered: set[int] = set()
        for rest, found in self.inside.items():
            if any(_covers(rest, module) for module in modules):
                covered |= found
        if _ANY_LAYER in covered:
            return 1.0
        return len([layer for layer in covered if layer < layers]) / max(1, of)

    def outside(self, modules: Sequence[str]) -> bool:
        """Whether a module outside the layers is named."""
        return any(self._anywhere(module) for module in modules)

    def _anywhere(self, module: str) -> bool:
        if any(expression.match(module) for expression in self.expressions):
            return True
        parts = module.split(".")
        starts = {".".join(parts[: i + 1]) for i in range(len(parts))}
        return not self.literal.isdisjoint(starts | set(parts))


def _covers(rest: str, module: str) -> bool:
    """Whether what follows the number of the layer in a pattern covers the module: itself, all below it, or all."""
    return (
        not rest
        or module == rest
        or module.startswith(f"{rest}.")
        or ("*" in rest and len(rest) <= _MOST_PATTERN and fnmatchcase(module, rest))
    )


@dataclass(frozen=True)
class _Scheme:
    """rules: formats, best first, each for the modules that are named (None: for all). keeps: modules left in 16 bits."""

    method: str
    rules: tuple[tuple[str, _Names | None], ...]
    keeps: _Names
    kv: str | None
    heads_too: bool
    problem: str = ""

    def of(self, modules: Sequence[str], layers: int, of: int) -> str:
        """Format of most of the `of` matrices of that name."""
        if self.keeps.share(modules, layers, of) >= 0.5:
            return WIDE
        for name, names in self.rules:
            if names is None or names.share(modules, layers, of) >= 0.5:
                return name
        return WIDE

    def outside(self, modules: Sequence[str], usual: bool) -> str:
        """Format of a module outside the layers; `usual`: whether a rule for all counts for it."""
        if self.keeps.outside(modules):
            return WIDE
        for name, names in self.rules:
            if (names is None and usual) or (names is not None and names.outside(modules)):
                return name
        return WIDE


def _strings(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if isinstance(value, str) else []


def _number(table: Mapping[str, Any], key: str) -> int | None:
    value = table.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _group_format(group: Mapping[str, Any]) -> str | None:
    """Format of one group of compressed-tensors or ModelOpt: bits, kind, size of a group, activations or not."""
    weights = group.get("weights")
    if not isinstance(weights, dict):
        return None
    bits, kind, size = _number(weights, "num_bits"), weights.get("type"), _number(weights, "group_size")
    multiplied = isinstance(group.get("input_activations"), dict)
    if kind == "float" and bits == 8:
        return "fp8" if multiplied else "fp8-w8a16"
    if kind == "float" and bits == 4:
        return "mxfp4" if size == 32 else "nvfp4"
    if kind == "int" and bits == 8:
        return "int8-w8a8" if multiplied else "int8"
    if kind == "int" and bits == 4:
        narrow = "int4-g32-sym" if weights.get("symmetric") is True else "int4-g32"
        return narrow if size == 32 else "int4"
    return None


def _kv(value: object) -> str | None:
    """Format of the KV cache as a scheme or a word."""
    if isinstance(value, dict):
        kind = value.get("type", value.get("dtype"))
        bits = _number(value, "num_bits")
        value = f"{kind}{bits}" if bits else kind
    word = value.lower() if isinstance(value, str) else ""
    if word.startswith(("fp8", "float8")):
        return "fp8"
    return "int8" if word.startswith("int8") else None


def _modelopt(table: Mapping[str, Any], about: str) -> _Scheme:
    algorithm = table.get("quant_algo")
    rules: list[tuple[str, _Names | None]] = []
    problem = ""
    layers = table.get("quantized_layers")
    if isinstance(layers, dict):
        by_format: dict[str, list[str]] = {}
        for name, item in layers.items():
            known = _ALGORITHMS.get(str(item.get("quant_algo"))) if isinstance(item, dict) else None
            if known:
                by_format.setdefault(known, []).append(name)
        rules = [(name, _Names(names)) for name, names in by_format.items()]
    if not rules and isinstance(algorithm, str) and algorithm in _ALGORITHMS:
        rules = [(_ALGORITHMS[algorithm], None)]
    if not rules:
        problem = f"ModelOpt's {shown(algorithm)}"
    kept = _strings(table.get("exclude_modules")) + _strings(table.get("ignore"))
    kv = _kv(table.get("kv_cache_quant_algo")) or _kv(table.get("kv_cache_scheme"))
    return _Scheme(about, tuple(rules), _Names(kept), kv, heads_too=False, problem=problem)


def _grouped(table: Mapping[str, Any], about: str) -> _Scheme:
    groups = table.get("config_groups")
    rules: list[tuple[str, _Names | None]] = []
    problem = ""
    for group in groups.values() if isinstance(groups, dict) else ():
        found = _group_format(group) if isinstance(group, dict) else None
        if found is None:
            problem = "a group of weights of unknown bits"
            continue
        targets = _strings(group.get("targets"))
        everything = not targets or any(isinstance(item, str) and item.isalnum() for item in targets)
        rules.append((found, None if everything else _Names(targets)))
    if not rules:
        problem = problem or "no group of weights"
    kept = _strings(table.get("ignore"))
    return _Scheme(
        about, tuple(rules), _Names(kept), _kv(table.get("kv_cache_scheme")), heads_too=True, problem=problem
    )


def _quark(table: Mapping[str, Any]) -> _Scheme:
    whole = table.get("global_quant_config")
    weight = whole.get("weight") if isinstance(whole, dict) else None
    inputs = whole.get("input_tensors") if isinstance(whole, dict) else None
    kind = str(weight.get("dtype")) if isinstance(weight, dict) else ""
    names = (
        ("fp8", "fp8"),
        ("fp4", "mxfp4"),
        ("mxfp4", "mxfp4"),
        ("int8", "int8-w8a8" if inputs else "int8"),
        ("int4", "int4"),
    )
    found = next((name for start, name in names if kind.startswith(start)), None)
    problem = "" if found else f"Quark's {shown(kind)}"
    cache = table.get("kv_cache_quant_config")
    kv = None
    if isinstance(cache, dict) and cache:
        first = next(iter(cache.values()))
        kv = _kv(first.get("output_tensors") or first.get("weight")) if isinstance(first, dict) else None
    rules = ((found, None),) if found else ()
    return _Scheme("quark", rules, _Names(_strings(table.get("exclude"))), kv, heads_too=True, problem=problem)


def _usual(method: str, table: Mapping[str, Any]) -> _Scheme:
    """The layouts of Hugging Face: one format for all matrices of the layers but those that are named."""
    kept: list[object] = []
    for key in ("modules_to_not_convert", "ignored_layers", "llm_int8_skip_modules", "ignore"):
        kept += _strings(table.get(key))
    bits = _number(table, "bits") or _number(table, "w_bit")
    found, problem = _PLAIN.get(method), ""
    if method == "hqq":
        bits = _nested_bits(table)
    if method in ("gptq", "gptqmodel", "auto-round", "intel/auto-round", "awq", "hqq"):
        small = (_number(table, "group_size") or _number(table, "q_group_size") or 128) == 32
        found = {4: "int4-g32" if small else "int4", 8: "int8"}.get(bits or 4)
    own = [key for key in ("dynamic", "extra_config") if table.get(key)]
    if own:
        return _Scheme(
            method, (), _Names(kept), None, heads_too=False, problem=f"{own[0]}: parts with bits of their own"
        )
    if method in ("bitsandbytes", "bnb"):
        found = "int4" if table.get("load_in_4bit") is True else "int8" if table.get("load_in_8bit") is True else None
    if found is None:
        problem = f"{shown(method)} with {bits} bits" if bits else shown(method)
    rules = ((found, None),) if found else ()
    return _Scheme(method, rules, _Names(kept), _kv(table.get("kv_cache_scheme")), heads_too=False, problem=problem)


def _nested_bits(table: Mapping[str, Any]) -> int | None:
    """The bits of HQQ, which keeps them two tables down."""
    inner = table.get("quant_config")
    inner = inner.get("weight_quant_params") if isinstance(inner, dict) else None
    return _number(inner, "nbits") if isinstance(inner, dict) else None


def _scheme(table: Mapping[str, Any]) -> _Scheme:
    producer = table.get("producer")
    made_by = producer.get("name") if isinstance(producer, dict) else None
    method = table.get("quant_method")
    inner = table.get("quantization")
    if isinstance(inner, dict):
        return _modelopt(inner, "modelopt")
    if isinstance(table.get("quantized_layers"), dict) and method == "fp8":
        # an fp8 checkpoint some of whose modules were made narrower: what is left out of that stays in fp8
        found = _modelopt(table, "modelopt over fp8")
        return replace(found, rules=(*found.rules, ("fp8", None)), keeps=_Names(()))
    if isinstance(table.get("quantized_layers"), dict) or (table.get("quant_algo") and not table.get("config_groups")):
        return _modelopt(table, "modelopt")
    if method == "modelopt" or made_by == "modelopt":
        found = _grouped(table, "modelopt")
        kv = _kv(table.get("kv_cache_quant_algo")) or found.kv
        return replace(found, kv=kv, heads_too=False)
    if method == "compressed-tensors" or isinstance(table.get("config_groups"), dict):
        return _grouped(table, "compressed-tensors")
    if method == "quark":
        return _quark(table)
    return _usual(method if isinstance(method, str) else "a quantisation without a name", table)


def find_table(config: Mapping[str, Any], beside: Mapping[str, Any] | None) -> tuple[Mapping[str, Any] | None, str]:
    """The quantisation and where it stands: in the configuration, in its language model, or in a file beside it."""
    text = config.get("text_config")
    for table, place in (
        (config.get("quantization_config"), "quantization_config"),
        (text.get("quantization_config") if isinstance(text, dict) else None, "text_config.quantization_config"),
        (config.get("compression_config"), "compression_config"),
        (config.get("quantization"), "quantization"),  # MLX's own key
        (beside, "hf_quant_config.json"),
    ):
        if isinstance(table, dict) and table:
            return table, place
        if table:
            return {"quant_method": f"{place} that is no object"}, place
    return None, ""


_NAMES = {"head": "output head", "mlp": "feed-forward", "embedding": "input embedding"}


def _about(
    scheme: _Scheme, place: str, formats: Mapping[str, str], partly: Sequence[str], narrow: Sequence[str]
) -> str:
    layers = {part: name for part, name in formats.items() if name != WIDE}
    if len(narrow) == 1:
        taken = f"weights {narrow[0]}"
    else:
        taken = "weights " + ", ".join(f"{_NAMES.get(part, part)} {name}" for part, name in layers.items())
    kept = [_NAMES.get(part, part) for part, name in formats.items() if name == WIDE and part != "embedding"]
    said = f"{taken} from the checkpoint's {place} ({scheme.method})"
    said += f"; kept in 16 bits: {', '.join(kept)}" if kept else ""
    said += f"; and of the other parts: {', '.join(partly)}" if partly else ""
    said += f"; KV cache {scheme.kv}" if scheme.kv else ""
    unread = scheme.keeps.unread
    return said + (f"; not understood: {listed(map(shown, unread[:3]))}" if unread else "")


def _matrices(layers: Sequence[Layers], hidden: int) -> dict[str, tuple[Matrix, int]]:
    """Matrices by name, each with how many layers have it."""
    found: dict[str, tuple[Matrix, int]] = {}
    for group in layers:
        for matrix in group.matrices(hidden):
            before = found.get(matrix.name, (matrix, 0))[1]
            found[matrix.name] = (matrix, before + group.count)
    return found


def read_checkpoint(
    config: Mapping[str, Any], beside: Mapping[str, Any] | None, family: str, layers: tuple[Layers, ...], hidden: int
) -> tuple[Checkpoint | None, tuple[Layers, ...]]:
    """What the checkpoint says, and the layers with the matrices marked that it keeps in 16 bits.

    beside: the content of a hf_quant_config.json, if there is one. Returns None where nothing is quantised.
    """
    table, place = find_table(config, beside)
    if table is None:
        return None, layers
    scheme = _scheme(table)
    matrices = _matrices(layers, hidden)
    total = sum(group.count for group in layers)
    modules = _MODULES | _OWN_MODULES.get(family, {})
    each = {
        name: scheme.of(modules.get(name, ()), total, count) if matrix.quantised else WIDE
        for name, (matrix, count) in matrices.items()
    }
    if config.get("expert_dtype") == "fp4":  # DeepSeek-V4 says so beside its quantisation
        each |= {
            name: "mxfp4"
            for name in each
            if name.startswith("experts") and each[name] != WIDE and scheme.method == "fp8"
        }
    formats: dict[str, str] = {}
    for part in dict.fromkeys(matrix.part for matrix, _ in matrices.values()):
        sizes: dict[str, float] = {}
        for name, (matrix, count) in matrices.items():
            if matrix.part == part:
                sizes[each[name]] = sizes.get(each[name], 0.0) + count * matrix.parameters
        narrow = {name: size for name, size in sizes.items() if name != WIDE}
        formats[part] = max(narrow, key=lambda name: narrow[name]) if narrow else WIDE
    if "router" in formats:
        formats["router"] = WIDE
    formats["head"] = scheme.outside(_HEADS, scheme.heads_too)
    formats["embedding"] = WIDE
    wide = {name for name, found in each.items() if found == WIDE and matrices[name][0].quantised}
    partly = [name for name in matrices if name in wide and formats[matrices[name][0].part] != WIDE]
    used = list(dict.fromkeys(name for name in formats.values() if name != WIDE))
    problem = scheme.problem if not used else ""
    about = (
        _about(scheme, place, formats, partly, used)
        if used
        else f"the checkpoint's {place} ({scheme.method}) is not read"
    )
    layer_parts = {matrix.part for matrix, _ in matrices.values()} - {"router"}
    kept = {part for part in layer_parts if formats[part] == WIDE}
    if "router" in matrices and scheme.keeps.share(modules["router"], total, matrices["router"][1]) >= 0.5:
        kept.add("router")
    marked = tuple(_marked(group, frozenset(partly), hidden) for group in layers)
    return Checkpoint(formats, scheme.kv, about, problem, frozenset(kept)), marked


def _marked(group: Layers, wide: frozenset[str], hidden: int) -> Layers:
    """The layers with those of their matrices marked that are kept in 16 bits."""
    mixing = tuple(sorted(wide & {item.name for item in group.mixer.matrices(hidden)}))
    feeding = tuple(sorted(wide & {item.name for item in group.feed_forward.matrices(hidden)}))
    if not mixing and not feeding:
        return group
    return replace(
        group,
        mixer=replace(group.mixer, wide=mixing) if mixing else group.mixer,
        feed_forward=replace(group.feed_forward, wide=feeding) if feeding else group.feed_forward,
    )


def stated_precision(model: Model) -> dict[str, str]:
    """Options weights, head and kv of a System as the model's checkpoint has them; {} for one in 16 bits.

    Raises LessonlibError where the checkpoint is quantised in a format that is not known here.
    """
    found = model.checkpoint
    if found is None:
        return {}
    if found.problem:
        raise LessonlibError(
            f"{model.source}: its checkpoint is quantised in a way that is not known here ({found.problem}): say --weights"
        )
    narrow = {part: name for part, name in found.formats.items() if name != WIDE and part != "head"}
    options = {"head": found.formats["head"]} | ({"kv": found.kv} if found.kv else {})
    if len(set(narrow.values())) < 2:
        return {"weights": next(iter(narrow.values()), WIDE)} | options
    named = narrow | ({"head": options["head"]} if options["head"] != WIDE else {})
    return {"weights": ", ".join(f"{part}={name}" for part, name in named.items())} | options


def precision_notes(model: Model) -> list[str]:
    """What was taken from the checkpoint and from the family's class, one line each."""
    notes = [model.checkpoint.about] if model.checkpoint else []
    if model.filled:
        sizes = ", ".join(f"{key} {value}" for key, value in sorted(model.filled.items()))
        notes.append(f"left out of the configuration, so as in the class of {model.family}: {sizes}")
    return notes
