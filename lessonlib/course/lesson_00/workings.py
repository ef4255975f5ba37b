"""The start notebook: the numbers that its words name."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab

#: Memory bandwidth of an ordinary server CPU socket of the same years: 8 channels of DDR5-4800, 8 bytes each.
_SERVER_CHANNELS, _TRANSFERS_PER_S, _BYTES_PER_TRANSFER = 8, 4.8e9, 8


def gpu(lab: Lab) -> str:
    return lab.system.gpu.title


def data_sheet_bandwidth(lab: Lab) -> Quantity:
    """Memory bandwidth of one GPU of the lab, from its data sheet."""
    return Quantity(lab.system.gpu.bandwidth, "B/s", digits=4)


def bandwidth_source(lab: Lab) -> str:
    return lab.system.gpu.source


def link_one_way(lab: Lab) -> Quantity:
    """What the GPU's link to other GPUs, or to the host, carries in one direction."""
    return Quantity(lab.system.gpu.link_bytes_per_second, "B/s")


def bandwidth_of_the_link(lab: Lab) -> Quantity:
    """The link instead of the GPU's own memory; where that is as fast as a server's memory, a guess cannot tell them apart, and no mistake is named."""
    link, server = link_one_way(lab), bandwidth_of_a_server(lab)
    told_apart = not 1 / 1.2 < float(link) / float(server) < 1.2
    return link if told_apart else data_sheet_bandwidth(lab)


def bandwidth_of_the_link_both_ways(lab: Lab) -> Quantity:
    """The link's two directions added up, as data sheets print them."""
    return Quantity(2 * lab.system.gpu.link_bytes_per_second, "B/s")


def bandwidth_of_a_server(lab: Lab) -> Quantity:
    """Eight channels of DDR5-4800: transfers per second, 8 bytes each."""
    return Quantity(_SERVER_CHANNELS * _TRANSFERS_PER_S * _BYTES_PER_TRANSFER, "B/s")


def server_times(lab: Lab) -> Quantity:
    """How many such servers' memory one GPU's memory equals."""
    return Quantity(float(data_sheet_bandwidth(lab)) / float(bandwidth_of_a_server(lab)), "x", digits=2)


def emptied_per_second(lab: Lab) -> Quantity:
    """How often a second the GPU could read all of its own memory."""
    return Quantity(lab.system.gpu.bandwidth / lab.system.gpu.memory_bytes, "x", digits=2)


def memory(lab: Lab) -> Quantity:
    return Quantity(lab.system.gpu.memory_bytes, "B")


# --- a study of what is seen in a demonstration: Miller, Lasry, Chu, Mazur 2013, abstract --------------------


def contradicting_notes(lab: Lab) -> Quantity:
    """Observations that contradicted what had happened: "roughly one out of every five"."""
    return Quantity(1, digits=1)


def notes_in_all(lab: Lab) -> Quantity:
    """Of so many."""
    return Quantity(5, digits=1)


def misread(lab: Lab) -> Quantity:
    """The same as a share of all observations."""
    return Quantity(100 * float(contradicting_notes(lab)) / float(notes_in_all(lab)), "%", digits=2)


def misread_seldom(lab: Lab) -> Quantity:
    """As if only somebody who did not look could be wrong: one in fifty."""
    return Quantity(2, "%")


# --- claims -------------------------------------------------------------------------------------------------


def gpu_memory_beats_server_memory(lab: Lab) -> bool:
    """The GPU's memory is at least three times as fast as that of the server."""
    return float(server_times(lab)) >= 3
