"""A sheet on which a chart is laid out: lines, surfaces and words at places in points, before they become a file.

Colours differ in lightness and surfaces also in their hatching, lines also in dash and marker: a chart says the same in
black and white and to whoever cannot tell red from green.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from xixi_workflow.reports.fonts import advance, printable

Place = tuple[float, float]

#: Millimetres to points.
POINTS: Final = 72 / 25.4
INK: Final = "#262626"
FAINT: Final = "#5f6770"
GRID: Final = "#d9dde1"
#: In this order neighbours differ in lightness by 15 (of 100, CIE L*) at least.
COLOURS: Final = ("#2f5580", "#e0ab4c", "#4f88a6", "#f0dcae", "#a04a32", "#bccad6", "#5d5d5d", "#8fb39a")
#: After one round of the colours surfaces are told apart by lines as well; the third and later always have them.
_HATCHES: Final = ("", "", "rising", "", "falling", "", "upright", "")
_DASHES: Final = ("", "densely-dashed", "dotted", "dash-dotted")
#: A marker by its corners: a circle has many.
_CORNERS: Final = ((24, 0.0), (4, 45.0), (3, -90.0), (4, 0.0))


class Sheet:
    """Collects marks. All lengths in points, from the upper left corner; `x` to the right, `y` down."""

    def __init__(self, width: float, height: float) -> None:
        """An empty sheet."""
        self.width = width
        self.height = height
        self.marks: list[dict[str, Any]] = []

    def surface(self, points: Sequence[Place], fill: str, *, hatch: str = "", edge: str = "#ffffff") -> None:
        """A filled outline; a white edge parts it from its neighbour."""
        self._path(points, fill=fill, hatch=hatch, stroke=edge, width=0.8, closed=True)

    def box(self, x: float, y: float, width: float, height: float, fill: str, **look: str) -> None:
        """A filled rectangle; nothing where it has no area."""
        if width > 0 and height > 0:
            self.surface([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill, **look)

    def line(self, points: Sequence[Place], stroke: str, width: float = 0.6, *, dash: str = "") -> None:
        """An open line through two points or more."""
        self._path(points, stroke=stroke, width=width, dash=dash)

    def series_line(self, points: Sequence[Place], n: int, markers: Sequence[Place] | None = None) -> None:
        """Of the `n`-th series: its own colour, dash and markers (at every point, unless told where)."""
        colour = colour_of(n)
        if len(points) > 1:
            self.line(points, colour, 1.4, dash=_DASHES[n % len(_DASHES)])
        for x, y in points if markers is None else markers:
            self.marker(x, y, n)

    def marker(self, x: float, y: float, n: int) -> None:
        """What marks the points of the `n`-th series."""
        corners, turn = _CORNERS[n % len(_CORNERS)]
        reach = 2.2 if corners > 4 else 2.9
        turns = [math.radians(turn + 360 * k / corners) for k in range(corners)]
        self.surface([(x + reach * math.cos(a), y + reach * math.sin(a)) for a in turns], colour_of(n))

    def wedge(self, centre: Place, radii: tuple[float, float], angles: tuple[float, float], n: int) -> None:
        """A piece of a ring between two radii and two angles (turns of 1, from the top, clockwise)."""
        steps = max(2, math.ceil((angles[1] - angles[0]) * 180))
        turns = [(angles[0] + (angles[1] - angles[0]) * k / steps) for k in range(steps + 1)]
        outer = [_on_ring(centre, radii[1], turn) for turn in turns]
        inner = [_on_ring(centre, radii[0], turn) for turn in reversed(turns)]
        self.surface([*outer, *inner], colour_of(n), hatch=hatch_of(n))

    def words(
        self, x: float, y: float, text: str, *, at: Place = (0, 0.5), size: float = 8, fill: str = INK, halo: str = ""
    ) -> None:
        """`text` with the point of it named by `at` ((0, 0) upper left … (1, 1) lower right) on the place."""
        clean, _ = printable(text)
        self.marks.append(
            {
                "x": _short(x), "y": _short(y), "text": clean, "size": size, "fill": fill, "halo": halo,
                "right": at[0], "down": at[1],
            }
        )  # fmt: skip

    def swatch(self, x: float, y: float, n: int) -> None:
        """The key of the `n`-th surface, 9 x 7 points, centred on `y`."""
        self.box(x, y - 3.5, 9, 7, colour_of(n), hatch=hatch_of(n))

    def _path(self, points: Sequence[Place], **look: Any) -> None:
        plain = {"fill": "", "hatch": "", "stroke": "", "width": 0.6, "dash": "", "closed": False}
        self.marks.append({**plain, **look, "points": [(_short(x), _short(y)) for x, y in points]})

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"width": _short(self.width), "height": _short(self.height), "marks": self.marks}


def colour_of(n: int) -> str:
    """Of the `n`-th series or slice."""
    return COLOURS[n % len(COLOURS)]


def hatch_of(n: int) -> str:
    """Of the `n`-th surface; differs between two of the same colour."""
    around, place = divmod(n, len(COLOURS))
    return _HATCHES[place] if around % 2 == 0 else ("" if _HATCHES[place] else "rising")


def lightness(colour: str) -> float:
    """CIE L* (0 black … 100 white) of `#rrggbb`."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def on(colour: str) -> str:
    """Black or white: whichever is read better on `colour`."""
    return "#ffffff" if lightness(colour) < 60 else INK


def blend(share: float) -> str:
    """The scale of a heat map: 0 nearly white, 1 the darkest blue."""
    low, high = (0xF3, 0xF6, 0xF9), (0x1F, 0x3B, 0x5C)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def width_of(text: str, size: float) -> float:
    """How wide `text` becomes, points, in the wider one of our faces; without kerning and the air between scripts."""
    return sum(map(advance, text)) * size


def shortened(text: str, size: float, room: float) -> str:
    """`text`, cut with an ellipsis where it is wider than `room` points."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def folded(text: str, size: float, room: float) -> list[str]:
    """`text` in one line or two that fit into `room` points; broken at a blank where there is one, cut if need be."""
    if width_of(text, size) <= room:
        return [text]
    end = len(text)
    while end > 1 and width_of(text[:end], size) > room:
        end -= 1
    blank = text.rfind(" ", 0, end + 1)
    end = blank if blank > 0 else end
    return [text[:end], shortened(text[end:].strip(), size, room)]


def _on_ring(centre: Place, radius: float, turn: float) -> Place:
    angle = 2 * math.pi * turn
    return centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle)


def _short(value: float) -> float:
    """Two places of a point are more than any printer shows, and make the same bytes on every machine."""
    return round(value, 2) + 0.0
