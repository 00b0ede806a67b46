"""Geometry of the charts that templates draw as SVG: plain numbers in, plain coordinates out."""

import math
from collections.abc import Iterable
from typing import Any

WIDTH = 640


def nice_ceiling(value: float) -> float:
    """The smallest of 1, 2, 2.5, 4, 5, 10 × a power of ten that is at least ``value``; 1 for nothing.

    Whole numbers stay readable: below 10 the ceiling is an even number, so that the middle line is whole too.
    """
    if value <= 0:
        return 1
    if value <= 10:
        return max(2, math.ceil(value / 2) * 2) if value > 1 else 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 4, 5, 10) if step * power >= value)


def number(value: float | None) -> str:
    """A figure without needless zeros: 12, 12.5, –."""
    if value is None:
        return "–"
    return f"{value:.1f}".removesuffix(".0") if value < 100 else f"{value:.0f}"


def _rows(rows: Iterable) -> list[tuple[str, float, str]]:
    full = [(*row, "") if len(row) == 2 else tuple(row) for row in rows]
    return [(name, float(value or 0), str(tone or "")) for name, value, tone in full]


def bars(rows: Iterable, target: float | None = None) -> dict[str, Any]:
    """Horizontal bars, one under another; ``target`` draws a line across them."""
    items = _rows(rows)
    top = nice_ceiling(max([value for _, value, _ in items] + [target or 0], default=0))
    left, right, step = 128, 56, 30
    space = WIDTH - left - right
    placed = []
    for index, (name, value, tone) in enumerate(items):
        length = round(value / top * space, 1)
        y = index * step
        placed.append(
            {
                "name": name,
                "value": number(value),
                "tone": tone or "1",
                "y": y + 6,
                "text_y": y + 19,
                "length": length,
                "end": left + length + 8,
            }
        )
    return {
        "bars": placed,
        "width": WIDTH,
        "height": max(len(items) * step, 1),
        "left": left,
        "name_x": left - 10,
        "target_x": round(left + target / top * space, 1) if target else None,
        "target": number(target) if target else "",
    }


def _axis(top: float, height: int, head: int, floor: float = 0) -> list[dict[str, Any]]:
    return [
        {"y": round(head + height * (1 - share), 1), "text": number(floor + (top - floor) * share)}
        for share in (0, 0.5, 1)
    ]


def _ticks(names: list[str], at: list[float], most: int = 8) -> list[dict[str, Any]]:
    every = max(1, math.ceil(len(names) / most))
    return [
        {"x": round(x, 1), "text": name}
        for index, (name, x) in enumerate(zip(names, at, strict=True))
        if index % every == 0
    ]


def columns(data: Iterable, series: Iterable = (), height: int = 180, stacked: bool = True) -> dict[str, Any]:
    """Columns over time; several values are stacked, or stand beside each other where a sum would mean nothing."""
    items = [
        (name, [float(v or 0) for v in (values if isinstance(values, (list, tuple)) else [values])])
        for name, values in data
    ]
    tones = [(name, str(tone)) for name, tone in series] or [("", "1")]
    top = nice_ceiling(max([sum(values) if stacked else max(values) for _, values in items], default=0))
    left, head = 40, 10
    slot = (WIDTH - left - 8) / max(len(items), 1)
    wide = min(slot * 0.66, 44)
    placed, centres = [], []
    for index, (name, values) in enumerate(items):
        centre = left + slot * (index + 0.5)
        centres.append(centre)
        floor = float(head + height)
        thin = wide if stacked else wide / len(tones)
        for place, ((series_name, tone), value) in enumerate(zip(tones, values, strict=False)):
            tall = value / top * height
            floor = (floor if stacked else head + height) - tall
            placed.append(
                {
                    "x": round(centre - wide / 2 + (0 if stacked else place * thin), 1),
                    "y": round(floor, 1),
                    "width": round(thin, 1),
                    "height": round(tall, 1),
                    "tone": tone,
                    "title": f"{name} · {series_name} {number(value)}" if series_name else f"{name}: {number(value)}",
                }
            )
    return {
        "bars": placed,
        "axis": _axis(top, height, head),
        "ticks": _ticks([name for name, _ in items], centres),
        "series": [{"name": name, "tone": tone} for name, tone in tones if name],
        "width": WIDTH,
        "height": head + height + 26,
        "left": left,
        "base": head + height,
        "text_x": left - 8,
        "tick_y": head + height + 18,
        "table": [{"name": name, "values": [number(v) for v in values]} for name, values in items],
    }


def lines(names: Iterable, series: Iterable, target: float | None = None, height: int = 180) -> dict[str, Any]:
    """Lines over time. A missing value (None) leaves a gap, it is not drawn as zero."""
    labels = [str(name) for name in names]
    given = [(name, list(values)) for name, values in series]
    known = [value for _, values in given for value in values if value is not None] + ([target] if target else [])
    top = nice_ceiling(max(known, default=0))
    # Lines may leave the zero (bars never may): where all values lie high, the lower half would be empty.
    # One tenth is left below the top: a line that lies on it all the way needs a height, too.
    tenths = min(math.floor((lowest := min(known, default=0)) / (top / 10)), 9)
    floor = tenths * top / 10 if lowest > top / 2 else 0
    left, head = 40, 10
    step = (WIDTH - left - 16) / max(len(labels) - 1, 1)
    at = [left + step * index for index in range(len(labels))]

    def height_of(value: float) -> float:
        return round(head + height * (1 - (value - floor) / (top - floor)), 1)

    placed = []
    for index, (name, values) in enumerate(given, start=1):
        points = [
            None if value is None else (round(x, 1), height_of(value), f"{label}: {number(value)}")
            for x, value, label in zip(at, values, labels, strict=False)
        ]
        placed.append({"name": name, "tone": str(index), "path": _path(points), "points": [p for p in points if p]})
    return {
        "lines": placed,
        "axis": _axis(top, height, head, floor),
        "ticks": _ticks(labels, at),
        "width": WIDTH,
        "height": head + height + 26,
        "left": left,
        "right": WIDTH - 8,
        "text_x": left - 8,
        "tick_y": head + height + 18,
        "target_y": height_of(target) if target else None,
        "target": number(target) if target else "",
        "table": [
            {"name": label, "values": [number(values[i]) if i < len(values) else "–" for _, values in given]}
            for i, label in enumerate(labels)
        ],
    }


def _path(points: list) -> str:
    """An SVG path that starts anew after each gap."""
    parts, pen_down = [], False
    for point in points:
        if point is None:
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{point[0]} {point[1]}")
        pen_down = True
    return "".join(parts)


def donut(slices: Iterable, radius: float = 60) -> dict[str, Any]:
    """Shares of a whole as ring slices; nothing at all gives one pale ring."""
    items = _rows(slices)
    total = sum(value for _, value, _ in items)
    around = 2 * math.pi * radius
    placed, before = [], 0.0
    for index, (name, value, tone) in enumerate(items, start=1):
        length = value / total * around if total else 0
        placed.append(
            {
                "name": name,
                "value": number(value),
                "share": round(value / total * 100) if total else 0,
                "tone": tone or str(min(index, 5)),
                "dash": f"{max(length - 1.5, 0):.2f} {around - max(length - 1.5, 0):.2f}",
                "offset": f"{around / 4 - before:.2f}",
            }
        )
        before += length
    return {"slices": placed, "total": number(total), "radius": radius, "around": around}
