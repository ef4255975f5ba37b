"""The sheet a picture is drawn on: colours, type, and motion that only ever leads *to* the still picture."""

from __future__ import annotations

from html import escape

from lessonlib.draw.marks import number

WIDTH, HEIGHT = 720, 400  # user units; type of 20 units reads at 360 px wide as 10 px

# Okabe-Ito blue, vermillion and reddish purple, darkened or lightened until lines hold 3:1 and labels 4.5:1 on paper.
# Three roles in all pictures: memory traffic, compute, and the KV cache that belongs to one request alone.
_LIGHT = (
    "--ink:var(--jp-ui-font-color1,#222);--paper:var(--jp-layout-color1,#fff);"
    "--memory:#0072b2;--memory-soft:#d5e8f4;"
    "--compute:#c25100;--compute-soft:#fbe3d0;"
    "--cache:#9a3b78;--cache-soft:#f3ddeb;--line:3px;"
)
_DARK = (
    "--ink:var(--jp-ui-font-color1,#eee);--paper:var(--jp-layout-color1,#111);"
    "--memory:#56b4e9;--memory-soft:#17374a;"
    "--compute:#f5a35c;--compute-soft:#4a2c12;"
    "--cache:#e79ac6;--cache-soft:#4a2a3d;"
)
_LOOKS = {
    "": "display:block;width:100%;max-width:60rem;height:auto;margin:0 auto;overflow:hidden;font-family:inherit;",
    "text": "fill:var(--ink);stroke:none;font-size:20px;font-weight:400;",
    "path,{id} rect,{id} circle,{id} ellipse": "fill:none;stroke:none;stroke-linecap:round;stroke-linejoin:round;",
    ".ink": "stroke:var(--ink);stroke-width:var(--line);",
    ".thin": "stroke:var(--ink);stroke-width:calc(var(--line)*.67);",
    ".heavy": "stroke-width:calc(var(--line)*1.67);",
    ".dashed": "stroke-dasharray:10 12;",
    ".paper": "fill:var(--paper);",
    ".solid": "fill:var(--ink);",
    ".big": "font-size:24px;font-weight:700;",
    ".strong": "font-weight:700;",
    ".on-fill": "fill:var(--paper);",
    ".writing": "stroke:var(--paper);stroke-width:calc(var(--line)*.67);",
    ".sleeve": "stroke:var(--ink);stroke-width:calc(8.5px + 2*var(--line));",
    ".sleeve-inside": "stroke:var(--paper);stroke-width:8.5px;",
    ".cuts": "transform-origin:30px -102px;",
}
for _role in ("memory", "compute", "cache"):
    _LOOKS[f".{_role}-line"] = f"stroke:var(--{_role});stroke-width:var(--line);"
    _LOOKS[f".{_role}-fill"] = f"fill:var(--{_role});"
    _LOOKS[f".{_role}-soft"] = f"fill:var(--{_role}-soft);"
    _LOOKS[f"text.{_role}"] = f"fill:var(--{_role});"


class Sheet:
    """Collects marks and motion for one SVG.

    ``duration_s`` is the length of the motion in seconds. A moving mark carries the class that :meth:`motion` returns.
    Every animation lasts ``duration_s`` and ends in the mark's own base style, so one clock fits all of them and the
    still picture (no script, print, a static copy) is the last frame.
    """

    def __init__(self, name: str, prefix: str, duration_s: float) -> None:
        self.name, self.prefix, self.duration_s = name, prefix, duration_s
        self._marks: list[str] = []
        self._motions: dict[str, str] = {}

    def add(self, *marks: str) -> None:
        """Put marks on top of those that are there."""
        self._marks.extend(marks)

    def motion(self, *frames: tuple[float, str], ease: str = "linear") -> str:
        """A class that runs a mark through ``frames``: (seconds, CSS); after the last one it eases to its base style."""
        stops = "".join(f"{number(100 * t / self.duration_s)}%{{{css}}}" for t, css in frames)
        key = f"{ease}|{stops}"
        if key not in self._motions:
            self._motions[key] = (
                f"{self.prefix}-m{chr(ord('a') + len(self._motions) // 26)}{chr(ord('a') + len(self._motions) % 26)}"
            )
        return self._motions[key]

    def appear(self, at_s: float, fade_s: float = 0.25) -> str:
        """A class for a mark that is not there before ``at_s`` (seconds) and fully there ``fade_s`` later."""
        return self.motion((0, "opacity:0"), (at_s, "opacity:0"), (at_s + fade_s, "opacity:1"))

    def _style(self) -> str:
        root = f"#{self.prefix}"
        rules = [f"{root}{{{_LIGHT}}}", f'[data-jp-theme-light="false"] {root}{{{_DARK}}}']
        rules += [f"{root} {look}{{{css}}}".replace("{id}", root) for look, css in _LOOKS.items()]
        moving = f"{root}[data-moving]"
        for key, name in self._motions.items():
            ease, stops = key.split("|")
            rules.append(f"@keyframes {name}{{{stops}}}")
            rules.append(f"{moving} .{name}{{animation:{name} {number(self.duration_s)}s {ease} both paused}}")
        rules.append(f"{root} .turns{{transform-box:fill-box;transform-origin:center}}")
        rules.append(f"{root} .rises{{transform-box:fill-box;transform-origin:bottom}}")
        rules.append(f"@media print{{{moving} *{{animation:none!important}}}}")
        return "<style>" + "\n".join(rules) + "</style>"

    def svg(self, alt: str) -> str:
        """The sheet as one SVG element; ``alt``: what the picture shows, in words."""
        box = f'viewBox="0 0 {WIDTH} {HEIGHT}" xmlns="http://www.w3.org/2000/svg"'
        head = f'<svg id="{self.prefix}" class="lesson-picture" {box} role="img" aria-label="{escape(alt)}">'
        back = f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="10"/>'
        return "\n".join([head, self._style(), back, *self._marks, "</svg>"])
