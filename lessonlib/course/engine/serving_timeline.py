"""One replica over time: requests that write, requests that wait, and how full the KV cache is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.quantity import Quantity, significant
from lessonlib.draw import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lessonlib.serving import Result

_POINTS = 240
_HEIGHT, _LOWER = 4.4, 0.95
_MARGINS = {"left": 0.8, "right": 0.3, "top": 0.35}


def describe(result: Result, replica: int = 0) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(result, replica)
    return style.Described(data, finding(data))


def draw(result: Result, replica: int = 0) -> style.Figure:
    """The figure of one replica of a run with a full record."""
    shown = describe(result, replica)
    data = shown.data
    with style.axes(_HEIGHT, **_MARGINS, bottom=_LOWER + 1.0) as plot:
        _paint(plot, data)
        name = f"{result.settings['system'].model.name}-{result.settings['seed']}-{replica}"
        return style.finish(plot, "serving-timeline", name, shown)


def numbers(result: Result, replica: int = 0) -> dict[str, Any]:
    """Means over equal stretches of time: seconds (their ends, from the first arrival on), decoding, waiting (requests), kv (share).

    A stretch in which no step runs counts as nothing decoding and nothing waiting.
    """
    import numpy as np

    rows = result.runs["replica"] == replica
    runs = {name: column[rows] for name, column in result.runs.items()}
    if not rows.any():
        raise LessonlibError(
            f"timeline: replica {replica!r} ran no step; replicas that did: {listed(map(str, sorted(set(result.runs['replica']))))}"
        )
    # Logs often count from 1970: the figure counts from the first arrival.
    begin = float(result.requests["arrival_s"].min())
    runs |= {name: runs[name] - begin for name in ("start_s", "end_s")}
    edges = np.linspace(0.0, float(runs["end_s"][-1]), _POINTS + 1)
    blocks = result.settings["kv_blocks_of"][replica]
    data: dict[str, Any] = {"seconds": edges[1:].tolist()}
    for name, column, scale in (
        ("decoding", "decoding", 1.0),
        ("waiting", "waiting", 1.0),
        ("kv", "kv_used", 1.0 / blocks),
    ):
        data[name] = _means(runs["start_s"], runs["end_s"], runs[column] * scale, edges).tolist()
    # Of the mean of a run of steps: somebody who is let in at the next step is not counted as one who waits.
    data["most_waiting"] = round(float(runs["waiting"].max()))
    data["most_decoding"] = int(runs["decoding"].max())
    data["kv_peak"] = float(runs["kv_used"].max() / blocks)
    return data


def _means(start: Any, end: Any, value: Any, edges: Any) -> Any:
    """Time-weighted means between neighbouring edges of a value that holds from each start to its end, shape (edges - 1,)."""
    import numpy as np

    # The integral of the value is linear between the ends of runs, so its differences at the edges are exact.
    times = np.stack([start, end], axis=1).ravel()
    integral = np.stack([np.zeros(len(value)), value * (end - start)], axis=1).ravel().cumsum()
    return np.diff(np.interp(edges, times, integral)) / np.diff(edges)


def finding(data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    waiting = f"at most {data['most_waiting']:,} wait" if data["most_waiting"] else "hardly anybody waits"
    return (
        f"One replica over {Quantity(data['seconds'][-1], 's')}: at most {data['most_decoding']:,} requests write at once, {waiting}, "
        f"and the KV cache is at most {significant(100 * data['kv_peak'], 2)} % full."
    )


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    seconds = data["seconds"]
    plot.plot(seconds, data["decoding"], color=style.MEMORY, linewidth=1.8, label="writing")
    plot.plot(seconds, data["waiting"], color=style.COMPUTE, linewidth=1.8, linestyle=(0, (4, 2)), label="waiting")
    plot.set_ylim(0, max(*data["decoding"], *data["waiting"], 1.0) * 1.3)
    plot.locator_params(axis="y", integer=True)
    plot.set_ylabel("requests")
    plot.legend(loc="upper left", frameon=False, ncols=2)
    width, height = style.WIDTH, _HEIGHT
    lower = plot.figure.add_axes(
        (_MARGINS["left"] / width, 0.65 / height, 1 - (_MARGINS["left"] + _MARGINS["right"]) / width, _LOWER / height),
        sharex=plot,
    )
    lower.patch.set_alpha(0)
    lower.fill_between(seconds, [100 * share for share in data["kv"]], color=style.KV, alpha=0.5, linewidth=0)
    lower.plot(seconds, [100 * share for share in data["kv"]], color=style.KV, linewidth=1.4)
    lower.set_ylim(0, 105)
    lower.set_yticks([0, 50, 100])
    lower.set_ylabel("KV cache, %")
    lower.set_xlabel("seconds since the first request")
    lower.set_xlim(0, seconds[-1])
    plot.tick_params(labelbottom=False)
    for axes in (plot, lower):
        axes.grid(color=style.INK, alpha=0.14, linewidth=0.8)


def write(result: Result, path: Path) -> None:
    """Write the figure to a file of its own (see style.save)."""
    with style.axes(_HEIGHT, **_MARGINS, bottom=_LOWER + 1.0) as plot:
        _paint(plot, numbers(result))
        style.save(plot, path)
