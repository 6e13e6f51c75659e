"""A graph as a picture: Mermaid text, and SVG."""

from __future__ import annotations

from html import escape

from rt_engine.core import Graph, Hold, Wire
from rt_engine.graphfile import known_as

__all__ = ["mermaid", "svg"]

WIDTH, HEIGHT, GAP_X, GAP_Y = 150, 46, 130, 24
COLOURS = ("#d7e8f7", "#dff2dc", "#fbe7cf", "#f3dcee", "#e3e0f5", "#f7f3c9")


def mermaid(graph: Graph) -> str:
    """Mermaid flow chart; one subgraph a thread, dotted lines for holds."""
    lanes = graph.lanes()
    lines = ["flowchart LR"]
    for head in dict.fromkeys(lanes.values()):
        lines.append(f"  subgraph thread_{head}[thread {head}]")
        for name in [n for n, lane in lanes.items() if lane == head]:
            lines.append(f'    {name}["{name}<br/>{_class(graph, name)}"]')
        lines.append("  end")
    for wire in graph.wires:
        arrow = "-.->" if _held(graph, wire.node, wire.input) else "-->"
        lines.append(f"  {wire.source} {arrow}|{wire.output}| {wire.node}")
    return "\n".join(lines)


def svg(graph: Graph) -> str:
    """SVG picture: signal flows from left to right, one colour a thread."""
    places = _places(graph)
    heads = list(dict.fromkeys(graph.lanes().values()))
    width = max(x for x, _ in places.values()) + WIDTH + 20
    height = max(y for _, y in places.values()) + HEIGHT + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f"<title>{escape(graph.name)}</title>",
    ]
    pairs = dict.fromkeys((wire.source, wire.node) for wire in graph.wires)
    parts += [
        _line(graph, [w for w in graph.wires if (w.source, w.node) == pair], places)
        for pair in pairs
    ]
    for name, lane in graph.lanes().items():
        colour = COLOURS[heads.index(lane) % len(COLOURS)]
        parts.append(_box(name, _class(graph, name), *places[name], colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _places(graph: Graph) -> dict[str, tuple[int, int]]:
    """Upper left corner of each node: a column right of what feeds it, the first free row."""
    columns: dict[str, int] = {}
    rows: dict[int, int] = {}
    places = {}
    for name in graph.nodes:
        column = max((columns[w.source] + 1 for w in graph.into(name)), default=0)
        columns[name] = column
        row = rows.get(column, 0)
        rows[column] = row + 1
        places[name] = (20 + column * (WIDTH + GAP_X), 20 + row * (HEIGHT + GAP_Y))
    return places


def _line(graph: Graph, wires: list[Wire], places: dict[str, tuple[int, int]]) -> str:
    """All wires between two nodes as one line, dashed where they trigger nothing."""
    source, _, node, _ = wires[0]
    (x1, y1), (x2, y2) = places[source], places[node]
    x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT // 2, y2 + HEIGHT // 2
    middle = (x1 + x2) // 2
    held = all(_held(graph, wire.node, wire.input) for wire in wires)
    dash = ' stroke-dasharray="4 3"' if held else ""
    path = f'<path d="M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}" fill="none" '
    text = f'<text x="{x2 - 4}" y="{y2 + 20}" text-anchor="end" font-size="9" fill="#667">'
    names = ", ".join(dict.fromkeys(wire.output for wire in wires))
    return f'{path}stroke="#667"{dash}/>{text}{escape(names)}</text>'


def _box(name: str, cls: str, x: int, y: int, colour: str) -> str:
    middle = x + WIDTH // 2
    rect = f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" '
    return (
        f'{rect}fill="{colour}" stroke="#667"/>'
        f'<text x="{middle}" y="{y + 20}" text-anchor="middle" font-weight="bold">'
        f'{escape(name)}</text><text x="{middle}" y="{y + 36}" text-anchor="middle" '
        f'font-size="10" fill="#445">{escape(cls)}</text>'
    )


def _class(graph: Graph, name: str) -> str:
    return known_as(type(graph.nodes[name]))


def _held(graph: Graph, node: str, port: str) -> bool:
    return isinstance(graph.nodes[node].ports[port], Hold)
