"""Models: shipped configurations by name, and any config.json of a known family by path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, close_matches, listed, shown, unknown_name
from lessonlib.base.files import NoFileError, is_folder, read_text
from lessonlib.base.formats import parse_json
from lessonlib.base.paths import data_dir
from lessonlib.roofline.checkpoint import read_checkpoint
from lessonlib.roofline.class_defaults import completed, text_type
from lessonlib.roofline.families import FAMILIES
from lessonlib.roofline.families_mixture import per_layer_lookup
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import Checkpoint, Model

LIST_MODELS = "`python -m lessonlib models`"
_MOST_BYTES = 4_000_000
_LARGEST_VOCABULARY = 10_000_000


def _is_known(name: object) -> bool:
    return isinstance(name, str) and name in FAMILIES


def _text_part(config: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The language model inside a configuration of several modalities."""
    inner = config.get("text_config", config.get("llm_config"))
    if inner is None:
        return config
    if not isinstance(inner, dict):
        raise LessonlibError(f"{where}: text_config: expected an object, not {shown(inner)}")
    merged = dict(inner)
    if not _is_known(merged.get("model_type")):
        merged["model_type"] = (
            text_type(config.get("model_type")) or merged.get("model_type") or config.get("model_type")
        )
    if "tie_word_embeddings" not in merged and "tie_word_embeddings" in config:
        merged["tie_word_embeddings"] = config["tie_word_embeddings"]
    return merged


_DRAFTS = ("eagle", "medusa", "mtp", "nextn", "draft", "speculator", "assistant")
_DRAFT_KEYS = ("draft_vocab_size", "eagle_config", "speculators_config", "speculators_model_type", "medusa_num_heads")
#: Architectures whose configurations go by another model_type.
_BY_ARCHITECTURE = {
    "DeepseekV2ForCausalLM": "deepseek_v2",
    "DeepseekV3ForCausalLM": "deepseek_v3",
    "DeepseekV32ForCausalLM": "deepseek_v32",
    "DeepseekV4ForCausalLM": "deepseek_v4",
}
#: Heads that give no distribution over the vocabulary.
_OTHER_HEADS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "RewardModel")


def _architectures(config: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The architectures that the configuration names. Raises LessonlibError for those that are no language model."""
    listed_names = config.get("architectures")
    names = tuple(item for item in listed_names if isinstance(item, str)) if isinstance(listed_names, list) else ()
    drafts = [name for name in names if any(word in name.lower() for word in _DRAFTS)]
    drafts += [key for key in _DRAFT_KEYS if config.get(key) is not None]
    if drafts:
        raise LessonlibError(
            f"{where}: {shown(drafts[0])}: a draft head for speculative decoding, no model of its own; "
            "give the model that it drafts for"
        )
    for name in names:
        if any(word in name for word in _OTHER_HEADS):
            raise LessonlibError(f"{where}: architectures: {shown(name)} has no output head over the vocabulary")
    if config.get("is_encoder_decoder") is True:
        raise LessonlibError(f"{where}: is_encoder_decoder: models with an encoder are not known here")
    return names


def _family(keys: Keys, architectures: tuple[str, ...]) -> str:
    name = keys.values.get("model_type")
    if _is_known(name):
        return str(name)
    known = next((_BY_ARCHITECTURE[item] for item in architectures if item in _BY_ARCHITECTURE), None)
    if known:
        return known
    if name is None and keys.has("dim") and keys.has("n_layers"):
        raise keys.error("dim", "the layout of Mistral's params.json; give the config.json in Hugging Face's layout")
    if name is None:
        raise keys.error("model_type", f"missing; allowed: {listed(FAMILIES)}")
    near = close_matches(str(name), list(FAMILIES), limit=2)
    hint = f"; the nearest known: {listed(near)}" if near else ""
    raise keys.error(
        "model_type",
        f"no rule for the layers of architecture {shown(name)}{hint}; known: {listed(FAMILIES)}",
    )


def _outside(family: str, keys: Keys, hidden: int, vocabulary: int) -> int:
    """Parameters outside the layers and the two embeddings: the last norm, further ones, a bias of the head."""
    if family == "bloom":
        return 4 * hidden
    if family == "olmo":
        return 0
    if family in ("phi", "phimoe"):
        return 2 * hidden + (vocabulary if keys.boolean("lm_head_bias", True) else 0)
    if family in ("falcon", "gpt_neox", "nemotron", "stablelm", "starcoder2"):
        return 2 * hidden
    if family == "deepseek_v4":
        streams = keys.integer("hc_mult", default=4)
        return int(hidden + streams * (streams * hidden + 1) + 1)
    return hidden


def read_config(config: object, name: str, where: str, beside: object = None) -> Model:
    """The model of one parsed config.json. `where` names the file in errors.

    beside: the parsed hf_quant_config.json of the same folder, if there is one.
    """
    if not isinstance(config, dict):
        raise LessonlibError(f"{where}: expected a JSON object with the keys of a config.json")
    values = _text_part(config, where)
    architectures = _architectures(config, where)
    family = _family(Keys(values, where), architectures)
    values, filled = completed(values, family, values is not config, where)
    keys = Keys(values | {"model_type": family}, where)
    reader, tied_default = FAMILIES[family]
    hidden = keys.integer("hidden_size", "n_embed")
    vocabulary = keys.integer("vocab_size")
    if vocabulary > _LARGEST_VOCABULARY:
        raise keys.error("vocab_size", f"expected at most {_LARGEST_VOCABULARY:,}")
    layers = reader(keys)
    checkpoint, layers = read_checkpoint(config, beside if isinstance(beside, dict) else None, family, layers, hidden)
    return Model(
        name=name,
        title=str(config.get("_title") or name),
        family=family,
        hidden=hidden,
        vocabulary=vocabulary,
        tied=keys.boolean("tie_word_embeddings", tied_default),
        layers=layers,
        extra_parameters=_outside(family, keys, hidden, vocabulary),
        max_context=keys.integer("max_position_embeddings", "model_max_length", "seq_length", default=None),
        sixteen_bit_parts=_kept_parts(checkpoint),
        source=str(config.get("_source") or where),
        lookup_parameters=per_layer_lookup(keys.values, keys),
        checkpoint=checkpoint,
        filled=filled,
    )


def _kept_parts(checkpoint: Checkpoint | None) -> frozenset[str]:
    """Parts of the layers that the checkpoint's own quantisation leaves in 16 bits."""
    return frozenset() if checkpoint is None or checkpoint.problem else checkpoint.kept


#: A text of JSON, or one of the words that Python writes for numbers that JSON does not have.
_NO_NUMBERS = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN', re.DOTALL)


def _read_json(path: Path, where: str) -> Any:
    """A configuration as Python writes it: limits such as Infinity, which no shape is, count as null."""
    text = read_text(path, where, _MOST_BYTES)
    return parse_json(_NO_NUMBERS.sub(lambda found: found[0] if found[0].startswith('"') else "null", text), where)


def _read_file(path: Path, name: str, where: str) -> Model:
    config = _read_json(path, where)
    try:
        beside = _read_json(path.with_name("hf_quant_config.json"), str(path.with_name("hf_quant_config.json")))
    except NoFileError:
        beside = None
    return read_config(config, name, where, beside)


def model_names() -> tuple[str, ...]:
    """Names of all shipped models."""
    return tuple(sorted(path.stem for path in (data_dir() / "models").glob("*.json")))


@cache
def _shipped(name: str) -> Model:
    path = data_dir() / "models" / f"{name}.json"
    return _read_file(path, name, f"data/models/{path.name}")


def load_model(name_or_path: str | Path) -> Model:
    """A shipped model by name (in capitals or not, its words joined by hyphens, underscores or spaces), or any
    config.json (or the folder that holds it) by path.

    Raises LessonlibError: an unknown name with close matches; a file with the key that is wrong.
    """
    text = str(name_or_path)
    plain = "-".join(text.lower().replace("_", " ").split())
    if plain in model_names():
        return _shipped(plain)
    path = Path(text)
    if is_folder(path):
        path = path / "config.json"
    if path.suffix == ".json" or "/" in text:
        try:
            return _read_file(path, path.parent.name or path.stem, str(path))
        except NoFileError:
            raise LessonlibError(f"no file {path}: --model takes a name or a path to a config.json") from None
    raise unknown_name("model", text, model_names(), LIST_MODELS)
