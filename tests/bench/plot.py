#!/usr/bin/env python3
"""Draws what `hark bench match` printed: CPU a post over the number of brands, both axes logarithmic, as SVG on stdout.

usage: hark bench match | tests/bench/plot.py > docs/performance.svg
"""

import math
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 440, 80, 190, 30, 60
COLOURS = {"1": "#1b7f5c", "5": "#1f5fa8", "20": "#8a4fa3", "100": "#b5432c", "decode": "#666666", "patterns": "#c98a00"}
LABELS = {"1": "1 % name a brand", "5": "5 %", "20": "20 %", "100": "100 %", "decode": "decode every post", "patterns": "one pattern a rule"}


def read(lines):
    """Points (brands, microseconds) by curve."""
    curves = {}
    for line in lines:
        what, *pairs = line.split()
        if what not in ("match", "patterns"):
            continue
        row = dict(pair.split("=", 1) for pair in pairs)
        brands = int(row["brands"])
        curves.setdefault(row["share"] if what == "match" else what, []).append((brands, float(row["us_a_post"])))
        if what == "match" and row["share"] == "5":
            curves.setdefault("decode", []).append((brands, 1e6 / float(row["decode_all_per_cpu_s"])))
    return curves


def main():
    curves = read(sys.stdin)
    points = [point for curve in curves.values() for point in curve]
    if not points:
        sys.exit("plot.py: there is no line of `hark bench match` in the input")
    x0, x1 = (math.log10(f(x for x, _ in points)) for f in (min, max))
    y0, y1 = math.floor(math.log10(min(y for _, y in points))), math.ceil(math.log10(max(y for _, y in points)))

    def at(x, y):
        return (LEFT + (math.log10(x) - x0) / ((x1 - x0) or 1) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - (math.log10(y) - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
           "<title>CPU a post over the number of brands</title>", f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for power in range(y0, y1 + 1):
        _, y = at(10**x0, 10**power)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:,.10g} µs</text>')
    for brands in sorted({x for x, _ in points}):
        x, _ = at(brands, 10**y0)
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{brands:,}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">brands, three intents each</text>')
    taken = []
    for name, curve in sorted(curves.items(), key=lambda item: -item[1][-1][1]):
        path = [at(x, y) for x, y in sorted(curve)]
        colour = COLOURS.get(name, "black")
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in path)}"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in path]
        label = max([path[-1][1] + 4] + [y + 15 for y in taken if abs(y - path[-1][1] - 4) < 15 or y > path[-1][1]])
        taken.append(label)
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{label:.1f}" fill="{colour}">{LABELS.get(name, name)}</text>')
    print("\n".join([*out, "</svg>"]))


if __name__ == "__main__":
    main()
