"""Models: shipped configurations by name, and any config.json of a known family by path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, close_matches, listed, shown, unknown_name
from lessonlib.base.files import NoFileError, is_folder, read_json
from lessonlib.base.paths import data_dir
from lessonlib.roofline.families import FAMILIES
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import Model

LIST_MODELS = "`python -m lessonlib models`"
_MOST_BYTES = 4_000_000
_LARGEST_VOCABULARY = 10_000_000
_PARTS = {"self_attn": "attention", "attn": "attention", "router": "router", "gate": "router"}


def _text_part(config: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The language model inside a configuration of several modalities."""
    inner = config.get("text_config")
    if inner is None:
        return config
    if not isinstance(inner, dict):
        raise LessonlibError(f"{where}: text_config: expected an object, not {shown(inner)}")
    merged = dict(inner)
    merged.setdefault("model_type", config.get("model_type"))
    if "tie_word_embeddings" not in merged and "tie_word_embeddings" in config:
        merged["tie_word_embeddings"] = config["tie_word_embeddings"]
    return merged


def _family(keys: Keys) -> str:
    name = keys.values.get("model_type")
    if isinstance(name, str) and name in FAMILIES:
        return str(name)
    if name is None:
        raise keys.error("model_type", f"missing; allowed: {listed(FAMILIES)}")
    near = close_matches(str(name), list(FAMILIES), limit=2)
    hint = f"; the nearest known: {listed(near)}" if near else ""
    raise keys.error(
        "model_type",
        f"no rule for the layers of architecture {shown(name)}{hint}; known: {listed(FAMILIES)}",
    )


def _kept_parts(config: Mapping[str, Any]) -> frozenset[str]:
    """Parts that the checkpoint's own quantisation leaves in 16 bits."""
    quantisation = config.get("quantization_config")
    skipped = quantisation.get("modules_to_not_convert") if isinstance(quantisation, dict) else None
    if not isinstance(skipped, list):
        return frozenset()
    words = {word for name in skipped for word in str(name).split(".")}
    whole_layers = any("*" in str(name) for name in skipped)
    return frozenset(part for word, part in _PARTS.items() if whole_layers and word in words)


def read_config(config: object, name: str, where: str) -> Model:
    """The model of one parsed config.json. `where` names the file in errors."""
    if not isinstance(config, dict):
        raise LessonlibError(f"{where}: expected a JSON object with the keys of a config.json")
    keys = Keys(_text_part(config, where), where)
    family = _family(keys)
    reader, tied_default = FAMILIES[family]
    hidden = keys.integer("hidden_size", "n_embed")
    vocabulary = keys.integer("vocab_size")
    if vocabulary > _LARGEST_VOCABULARY:
        raise keys.error("vocab_size", f"expected at most {_LARGEST_VOCABULARY:,}")
    extra = hidden if family != "bloom" else 4 * hidden
    return Model(
        name=name,
        title=str(config.get("_title") or name),
        family=family,
        hidden=hidden,
        vocabulary=vocabulary,
        tied=keys.boolean("tie_word_embeddings", tied_default),
        layers=reader(keys),
        extra_parameters=extra,
        max_context=keys.integer("max_position_embeddings", "seq_length", default=None),
        sixteen_bit_parts=_kept_parts(config),
        source=str(config.get("_source") or where),
    )


def _read_file(path: Path, name: str, where: str) -> Model:
    return read_config(read_json(path, where, _MOST_BYTES), name, where)


def model_names() -> tuple[str, ...]:
    """Names of all shipped models."""
    return tuple(sorted(path.stem for path in (data_dir() / "models").glob("*.json")))


@cache
def _shipped(name: str) -> Model:
    path = data_dir() / "models" / f"{name}.json"
    return _read_file(path, name, f"data/models/{path.name}")


def load_model(name_or_path: str | Path) -> Model:
    """A shipped model by name, or any config.json (or the folder that holds it) by path.

    Raises LessonlibError: an unknown name with close matches; a file with the key that is wrong.
    """
    text = str(name_or_path)
    if text in model_names():
        return _shipped(text)
    path = Path(text)
    if is_folder(path):
        path = path / "config.json"
    if path.suffix == ".json" or "/" in text:
        try:
            return _read_file(path, path.parent.name or path.stem, str(path))
        except NoFileError:
            raise LessonlibError(f"no file {path}: --model takes a name or a path to a config.json") from None
    raise unknown_name("model", text, model_names(), LIST_MODELS)
