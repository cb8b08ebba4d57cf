"""Draws plots as SVG: dots on a logarithmic axis, bars, and lines for growth.

The colours follow the reader's colour scheme. The background is drawn too, so that a plot is
legible on every page.
"""
import math
from html import escape

STYLE = """
svg { --ground: #ffffff; --ink: #1f2328; --soft: #59636e; --rule: #d8dee4; --ours: #0a58ca; --peer: #8b949e; --second: #bf5a00; --third: #6f42c1 }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --rule: #30363d; --ours: #58a6ff; --peer: #8b949e; --second: #f0883e; --third: #bc8cff }
}
text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink) }
.title { font-size: 16px; font-weight: 600 }
.soft { fill: var(--soft); font-size: 12px }
.rule { stroke: var(--rule); stroke-width: 1 }
.ground { fill: var(--ground) }
.bold { font-weight: 600 }
"""
WIDTH = 860


def bars(title, subtitle, rows, unit, label_width=300):
    """rows: (name, value, whether it is hallpass)."""
    top, step = 74, 30
    most = max(value for _, value, _ in rows)
    room = WIDTH - label_width - 110
    parts = []
    for number, (name, value, ours) in enumerate(rows):
        y = top + number * step
        width = max(2, value / most * room)
        parts.append(label(name, label_width - 10, y + 5, "end", "bold" if ours else ""))
        parts.append(f'<rect x="{label_width}" y="{y - 9}" width="{width:.1f}" height="18" rx="3" fill="var({colour(ours)})"/>')
        parts.append(label(f"{value:,.0f} {unit}".strip(), label_width + width + 8, y + 5))
    return frame(title, subtitle, top + len(rows) * step, parts)


def dots(title, subtitle, rows, unit, label_width=300):
    """As bars, on a logarithmic axis. It has no zero, so a value is a position and not a length."""
    top, step = 74, 30
    low = 10 ** math.floor(math.log10(min(value for _, value, _ in rows)))
    high = 10 ** math.ceil(math.log10(max(value for _, value, _ in rows)))
    room = WIDTH - label_width - 130
    place = lambda value: label_width + (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low)) * room
    bottom = top + len(rows) * step
    parts = []
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        x = place(10**power)
        parts.append(f'<line class="rule" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 16}" y2="{bottom - 8}"/>')
        parts.append(label(f"{10**power:,}", x, bottom + 8, "middle", "soft"))
    for number, (name, value, ours) in enumerate(rows):
        y = top + number * step
        parts.append(label(name, label_width - 10, y + 5, "end", "bold" if ours else ""))
        parts.append(f'<line class="rule" x1="{label_width}" x2="{place(value):.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle cx="{place(value):.1f}" cy="{y}" r="6" fill="var({colour(ours)})"/>')
        parts.append(label(f"{value:,.0f} {unit}", place(value) + 12, y + 5))
    return frame(title, subtitle, bottom + 18, parts)


def lines(title, subtitle, series, x_label, logarithmic):
    """series: (name, [(x, y)], colour variable). Both axes are logarithmic or linear from 0."""
    left, right, top, bottom = 76, WIDTH - 250, 70, 370
    xs = [x for _, points, _ in series for x, _ in points]
    ys = [y for _, points, _ in series for _, y in points]
    if logarithmic:
        x_of = scale(math.log10(min(xs)), math.log10(max(xs)), left, right, math.log10)
        low, high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
        y_of = scale(low, high, bottom, top, math.log10)
        y_ticks = [10**power for power in range(low, high + 1)]
    else:
        x_of = scale(0, max(xs), left, right)
        step = nice(max(ys) / 5)
        y_ticks = [step * turn for turn in range(math.ceil(max(ys) / step) + 1)]
        y_of = scale(0, y_ticks[-1], bottom, top)
    parts = []
    for tick in y_ticks:
        parts.append(f'<line class="rule" x1="{left}" x2="{right}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}"/>')
        parts.append(label(f"{tick:,.0f}", left - 8, y_of(tick) + 4, "end", "soft"))
    last = -math.inf
    for tick in sorted(set(xs)):
        if x_of(tick) - last > 20:
            last = x_of(tick)
            parts.append(label(f"{tick:,}", last, bottom + 20, "middle", "soft"))
    parts.append(label(x_label, (left + right) / 2, bottom + 42, "middle", "soft"))
    ends = apart(sorted(((y_of(points[-1][1]), name, ink) for name, points, ink in series)))
    for name, points, ink in series:
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="var({ink})" stroke-width="2.5" stroke-linejoin="round"/>')
        parts.extend(f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="4" fill="var({ink})"/>' for x, y in points)
    for y, name, ink in ends:
        parts.append(f'<text x="{right + 12}" y="{y + 5:.1f}" style="fill: var({ink})" class="bold">{escape(name)}</text>')
    return frame(title, subtitle, bottom + 52, parts)


def scale(low, high, start, end, of=float):
    return lambda value: start + (of(value) - low) / (high - low) * (end - start)


def nice(rough):
    """Returns the next of 1, 2, 5, 10, … at or above."""
    power = 10 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough)


def apart(ends, distance=19):
    """Moves labels that would cover each other down."""
    placed = []
    for y, name, ink in ends:
        placed.append((max(y, placed[-1][0] + distance) if placed else y, name, ink))
    return placed


def colour(ours):
    return "--ours" if ours else "--peer"


def label(text, x, y, anchor="start", kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def frame(title, subtitle, height, parts):
    inside = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 10:.0f}" width="{WIDTH}" role="img" aria-label="{escape(title)}">
<style>{STYLE}</style>
<rect class="ground" width="100%" height="100%" rx="6"/>
<text x="16" y="28" class="title">{escape(title)}</text>
<text x="16" y="47" class="soft">{escape(subtitle)}</text>
{inside}
</svg>
"""
