"""The mutation run: `make mutants`, or parts of it, as in `make mutants ARGS="judge"` or `ARGS="lesson/seal.py"`.

    python mutants/run.py [PART | MODULE] ... [--sample N] [--seed S]

Each mutant is a module with one wrong change; the tests that parts.toml pairs with the module should fail on it.
One that they pass is a survivor, shown as it has to stand in accepted.toml, where it needs a reason. Exit status 1 if
one is not there.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mutants.made import Mutant, mutants_of  # noqa: E402
from mutants.trial import Tests  # noqa: E402


def main(arguments: list[str]) -> int:
    """Try the named parts or modules, or all of them."""
    asked = _asked(arguments)
    parts: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "mutants/parts.toml").read_text(encoding="utf-8"))
    accepted = _accepted()
    pairs = {module: tests for part in parts.values() for module, tests in part.items()}
    unknown = [name for name in asked.names if name not in parts and name not in pairs]
    if unknown:
        print(f"mutants: no part and no module {unknown[0]!r}: the parts are {', '.join(parts)}", file=sys.stderr)
        return 2
    chosen = [module for name in asked.names or parts for module in parts.get(name, [name])]
    os.chdir(ROOT)
    left = 0
    for module in dict.fromkeys(chosen):
        try:
            left += _try(module, pairs[module], accepted, asked.sample, asked.seed)
        except RuntimeError as error:
            print(f"mutants: {module}: {error}", file=sys.stderr)
            return 2
    return int(left > 0)


def _try(module: str, arguments: list[str], accepted: dict[tuple[str, ...], str], sample: int, seed: int) -> int:
    """How many mutants of ``module`` survive and are not accepted. Prints what it finds."""
    made = mutants_of(ROOT / "lessonlib", module)
    tried = made if not sample or sample >= len(made) else random.Random(f"{seed} {module}").sample(made, sample)
    began = time.monotonic()
    tests = Tests(arguments, "lessonlib." + module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    survivors = []
    for mutant in tried:
        if not tests.kill(mutant.source, mutant.line):
            survivors.append(mutant)
            if mutant.key not in accepted:
                print(_entry(mutant), flush=True)
    new = sum(mutant.key not in accepted for mutant in survivors)
    of = f" of {len(made)}" if len(tried) < len(made) else ""
    print(
        f"{module}: {len(tried)}{of} mutants, {len(tried) - len(survivors)} killed, {len(survivors) - new} accepted, "
        f"{new} survive ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    if len(tried) == len(made):
        for key in sorted(set(accepted) - {mutant.key for mutant in survivors}):
            if key[0] == module:
                print(f"  accepted, but no survivor any more; take it out: {key[1]}: {key[3]}")
    return new


def _entry(mutant: Mutant) -> str:
    """A survivor as accepted.toml writes it, but for its reason."""
    return (
        f"\n[[survivor]]  # line {mutant.line}\nmodule = {_quoted(mutant.module)}\ninside = {_quoted(mutant.inside)}\n"
        f"was = {_quoted(mutant.was)}\nnow = {_quoted(mutant.now)}\nreason = ''"
    )


def _quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text else f"'''{text}'''"


def _accepted() -> dict[tuple[str, ...], str]:
    entries: list[dict[str, Any]] = tomllib.loads((ROOT / "mutants/accepted.toml").read_text(encoding="utf-8")).get(
        "survivor", []
    )
    without = [entry for entry in entries if not entry.get("reason", "").strip()]
    if without:
        raise SystemExit(
            f"mutants: accepted.toml: a survivor of {without[0]['module']} has no reason: {without[0]['now']}"
        )
    return {(entry["module"], entry["inside"], entry["was"], entry["now"]): entry["reason"] for entry in entries}


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutants", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="PART|MODULE", help="a part of parts.toml or a module; all without")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many of each module's mutants, drawn")
    parser.add_argument("--seed", type=int, default=0, help="of that draw")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
