"""More documents than the cache has room for: what is still found, on one replica and on four.

The lab's server with its cache cut down to room for a few documents, so that a run is short; questions come about documents
chosen at random, all alike. Simulated once for each lab; what comes while the caches fill is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, prefill
from lessonlib.serving import Fixed, Fleet, Poisson, Scheduler, Sharing, Workload, simulate
from lessonlib.serving.replica.pages import pages

SEED = 1_313
#: documents that the cache has room for, tokens of each (ten pages of the default lab), of a question, of an answer
ROOM, DOCUMENT, QUESTION, ANSWER = 40, 7_840, 300, 8
#: how many documents are asked about
DOCUMENTS = (20, 40, 60, 80, 120)
#: of the last question: documents and replicas
MANY, REPLICAS = 80, 4
#: questions for each document and replica, and the share of them after which it is counted
_EACH, _WARM = 8, 0.5
#: requests come at so much of the rate at which one replica could read them all
_LOAD = 0.4


@lru_cache(maxsize=64)
def share_found(lab: Lab, documents: int, replicas: int = 1, router: str = "round-robin") -> float:
    """Share of the documents' tokens that is found."""
    cut = pages(lab.system, Scheduler())
    # Room for the documents with their states, and for two requests that are being served.
    kept = ROOM * _pages_of_a_document(lab)
    blocks = kept + 2 * (-(-(QUESTION + ANSWER) // cut.tokens) + cut.fixed)
    rate = _LOAD * replicas / prefill(lab.system, prompt=DOCUMENT + QUESTION).expected_s
    work = Workload(
        _EACH * documents * min(replicas, 3),
        Fixed(DOCUMENT + QUESTION),
        Fixed(ANSWER),
        Poisson(rate),
        Sharing(document_tokens=DOCUMENT, documents=documents, zipf=0.0),
        seed=SEED,
    )
    rows = simulate(lab.system, work, Scheduler(kv_blocks=blocks), Fleet(replicas, router)).requests
    counted = rows["cached"][int(_WARM * len(rows["cached"])) :]
    return float(np.mean(counted) / DOCUMENT)


def _curve(share: Callable[[int], float]) -> dict[str, list[float]]:
    return {"x": [float(count) for count in DOCUMENTS], "y": [100.0 * share(count) for count in DOCUMENTS]}


def found_curve(lab: Lab) -> dict[str, list[float]]:
    """Per cent of the documents' tokens that are found, by documents in play."""
    return _curve(lambda count: min(1.0, share_found(lab, count)))


def found_over_a_cliff(lab: Lab) -> dict[str, list[float]]:
    """As if everything were found while all have room, and next to nothing once they have not."""
    return _curve(lambda count: 1.0 if count <= ROOM else 0.03)


def room_documents(lab: Lab) -> int:
    return ROOM


def kept_document(lab: Lab) -> Quantity:
    return Quantity(DOCUMENT, "tokens", digits=4)


def documents_that_fit(lab: Lab) -> Quantity:
    """Documents that the whole cache of the lab has room for, with nobody inside."""
    return Quantity(pages(lab.system, Scheduler()).total // _pages_of_a_document(lab), "documents")


def _pages_of_a_document(lab: Lab) -> int:
    """A kept beginning: whole pages, and the one state at its end. A request that runs holds two states in each group of recurrent
    layers, that one and its own, which is given back with it (`MambaSpec.max_memory_usage_bytes`, mode "align").
    """
    cut = pages(lab.system, Scheduler())
    return -(-DOCUMENT // cut.tokens) + cut.state


def pages_of_a_document(lab: Lab) -> Quantity:
    """Pages of a document that is kept."""
    return Quantity(_pages_of_a_document(lab), "pages")


def many_documents(lab: Lab) -> int:
    return MANY


def most_documents(lab: Lab) -> int:
    return DOCUMENTS[-1]


def _share(lab: Lab, documents: int, replicas: int = 1, router: str = "round-robin") -> Quantity:
    return Quantity(100 * share_found(lab, documents, replicas, router), "%", digits=2)


def found_of_many(lab: Lab) -> Quantity:
    """With twice as many as have room."""
    return _share(lab, MANY)


def found_of_most(lab: Lab) -> Quantity:
    """With three times as many."""
    return _share(lab, DOCUMENTS[-1])


def replicas_of_it(lab: Lab) -> int:
    return REPLICAS


def found_in_turn(lab: Lab) -> Quantity:
    """On four replicas that are served in turn."""
    return _share(lab, MANY, REPLICAS)


def found_by_prefix(lab: Lab) -> Quantity:
    """On four replicas, each request sent to where its beginning is."""
    return _share(lab, MANY, REPLICAS, "prefix-aware")


def found_if_divided(lab: Lab) -> Quantity:
    """As if the chance to meet the right replica multiplied what one replica finds."""
    return Quantity(100 * share_found(lab, MANY) / REPLICAS, "%", digits=2)


def found_if_pooled(lab: Lab) -> Quantity:
    """As if the four caches were one, with room for all."""
    return Quantity(100.0, "%", digits=3)


def room_over_documents(lab: Lab) -> bool:
    """Claim: what is found is about the room over the documents, four replicas in turn find what one does, and an aware router
    nearly everything.
    """
    one = [share_found(lab, count) for count in DOCUMENTS]
    by_hand = [min(1.0, ROOM / count) for count in DOCUMENTS]
    return (
        one[0] > 0.97
        and all(abs(share - hand) < 0.13 for share, hand in zip(one, by_hand, strict=True))
        and abs(share_found(lab, MANY, REPLICAS) - share_found(lab, MANY)) < 0.08
        and share_found(lab, MANY, REPLICAS, "prefix-aware") > 0.85
    )
