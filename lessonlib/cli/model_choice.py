"""The model that the flags ask for, with the precision that its own files state."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lessonlib.roofline import Model


def model_choice(args: argparse.Namespace, base: Model) -> tuple[Model, dict[str, str], list[str]]:
    """The model of --model or the base one; options of a System that its checkpoint states; one line for each note.

    A flag goes before the checkpoint: with --weights nothing but its KV cache is taken from there.
    """
    from lessonlib.roofline import load_model, precision_notes, stated_precision

    if args.model is None:
        return base, {}, []
    model = load_model(args.model)
    kv = model.checkpoint.kv if model.checkpoint else None
    stated = stated_precision(model) if args.weights is None else {"kv": kv} if kv else {}
    usual = {"weights": "bf16", "kv": "bf16", "head": "bf16"}
    notes = precision_notes(model)
    if args.weights is not None and model.checkpoint:
        notes[0] = f"--weights {args.weights} goes before the checkpoint, which has {notes[0]}"
    if args.weights is not None and "=" in args.weights:
        notes.append("--weights by part: parts that are not named are in 16 bits")
    return model, usual | stated, notes
