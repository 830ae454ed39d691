# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Small pictures (SVG 1.1) of the rows: bars of ratios with the project's bars in them, and curves of growth."""
import math
from xml.sax.saxutils import escape

from rows import GROWING

INK, SOFT, OURS, THEIRS, MARK = "#1f2933", "#9aa5b1", "#2f6f8f", "#c58b3b", "#b83232"
FONT = "font-family=\"DejaVu Sans, Helvetica, sans-serif\" font-size=\"12\""


def text(x, y, words, anchor="start", fill=INK):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" {FONT}>{escape(words)}</text>'


def line(x1, y1, x2, y2, stroke=SOFT, more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" {more}/>'


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def picture(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f'<rect width="{width}" height="{height}" fill="white"/>' + "".join(parts) + "</svg>\n")


def bars(title, rows, names):
    """How many times better the first server is, on a logarithmic scale, with the spread over the rounds."""
    left, width, step = 290, 760, 34
    height = 70 + step * len(rows)
    values = [value for row in rows for value in (row["ratio"]["least"], row["ratio"]["most"], row["bar"] or 1,
                                                   row["goal"] or 1, 1)]
    low, high = math.log10(min(values) / 1.3), math.log10(max(values) * 1.3)

    def x(value):
        return left + (math.log10(max(value, 1e-6)) - low) / (high - low) * (width - left - 90)

    parts = [text(12, 22, f"{title}: {names[0]} beside {names[1]}"),
             text(12, 40, "ratio, above 1 is better; dashes: first bar and goal", fill=SOFT),
             line(x(1), 50, x(1), height - 12, INK)]
    for index, row in enumerate(rows):
        y = 56 + index * step
        ratio = row["ratio"]
        start, end = sorted((x(1), x(ratio["median"])))
        parts += [text(12, y + 16, row["title"]),
                  f'<rect x="{start:.1f}" y="{y + 4}" width="{max(end - start, 1):.1f}" height="16" '
                  f'fill="{OURS if ratio["median"] >= 1 else THEIRS}"/>',
                  line(x(ratio["least"]), y + 12, x(ratio["most"]), y + 12, INK, 'stroke-width="2"'),
                  text(width - 12, y + 16, f'{ratio["median"]:.2f}', "end")]
        parts += [line(x(value), y, x(value), y + 24, MARK, 'stroke-dasharray="3 2"')
                  for value in (row["bar"], row["goal"]) if value]
    return picture(width, height, parts)


def curves(rows, sizes, names):
    """Time of one whole run by the size of the mailbox, both axes logarithmic: a straight line of slope 1 is linear."""
    by_key = {row["row"]: row for row in rows}
    kinds = [(kind, title) for kind, title in GROWING if any(f"{kind}-{size}" in by_key for size in sizes)]
    side, gap = 230, 56
    parts = [text(12, 20, f"Milliseconds by messages in the mailbox: {names[0]} (blue), {names[1]} (ochre)")]
    for index, (kind, title) in enumerate(kinds):
        series = {}
        for name in names:
            points = []
            for size in sizes:
                row = by_key.get(f"{kind}-{size}")
                value = row and row["servers"].get(name, {}).get("median")
                if value:
                    points.append((size, value if row["better"] == "less" else 1000 * size / value))
            series[name] = points
        everything = [value for points in series.values() for _, value in points]
        if not everything:
            continue
        low, high = math.log10(min(everything) / 1.5), math.log10(max(everything) * 1.5)
        first, last = math.log10(sizes[0] / 1.2), math.log10(sizes[-1] * 1.2)
        ox, oy = 50 + (index % 2) * (side + gap + 40), 50 + (index // 2) * (side + gap)

        def place(size, value):
            return (ox + (math.log10(size) - first) / (last - first) * side,
                    oy + side - (math.log10(value) - low) / (high - low) * side)

        parts += [text(ox, oy - 8, title), line(ox, oy, ox, oy + side, INK), line(ox, oy + side, ox + side, oy + side, INK)]
        parts += [text(place(size, 10 ** low)[0], oy + side + 16, f"{size:,}", "middle") for size in sizes]
        for name, colour in zip(names, (OURS, THEIRS)):
            points = [place(*point) for point in series[name]]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
            parts += [text(x - 4, y - 8, number(value), fill=colour) for (x, y), (_, value) in zip(points, series[name])]
    return picture(2 * (side + gap) + 90, (len(kinds) + 1) // 2 * (side + gap) + 60, parts)
