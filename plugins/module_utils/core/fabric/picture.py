# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fabric as a picture: one SVG without anything from elsewhere, with the defects marked and listed.

Pods are frames with their spines on top, scalable units are boxes in them with a square per leaf and one per host. A unit of few hosts names
them; a fabric of few switches shows the cables between them. Whatever has a defect is coloured, and says what it is when pointed at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from ..model.fabric import Defect, Fabric, Unit
from ..xml_text import xml_text

# A unit of more hosts shows squares without names; more pairs of switches than this in a pod are not drawn as lines.
FEW_HOSTS = 8
FEW_LINES = 64
# The defects that are written out below the picture.
LISTED = 40

_CELL, _GAP, _PAD, _LINE = 12, 3, 10, 16
_SWITCH_WIDTH, _SWITCH_HEIGHT = 26, 18
_WIDEST = 1500
_CHARACTER = 6.7
_LONGEST_TEXT = 200

_STYLE = """
text{font:11px sans-serif;fill:#222}.title{font:bold 15px sans-serif}.name{font-weight:bold}.small{font-size:9px;text-anchor:middle}
.frame{fill:#f6f7f9;stroke:#b8c0cc}.unit{fill:#fff;stroke:#8894a6}.switch{fill:#cfe0f5;stroke:#4a6fa5}.host{fill:#d8ecd8;stroke:#5b8c5b}
.cable{stroke:#9aa7b8;fill:none}.bad{fill:#f2b8b5;stroke:#b3261e;stroke-width:2}.odd{fill:#ffe0b2;stroke:#e65100;stroke-width:2}
.unit.bad{fill:#fff}line.bad,line.odd{stroke-dasharray:5 3;stroke-width:2.5}
"""
# What lies behind what.
_LAYERS = {"frame": 0, "unit": 1, "cable": 2}
# What is broken is red; what works, and not as it should, is orange.
_BROKEN = frozenset(("fabric_split", "leaf_missing", "node_missing", "rails_missing", "rail_missing", "uplink_missing"))


@dataclass
class _Canvas:
    """What is drawn, and how large it gets."""

    layers: dict[int, list[str]] = field(default_factory=dict)
    width: float = 0
    height: float = 0

    def _add(self, style: str, shape: str) -> None:
        self.layers.setdefault(_LAYERS.get(style.split(" ")[0], len(_LAYERS)), []).append(shape)

    def shapes(self) -> list[str]:
        """From the back to the front."""
        return [shape for layer in sorted(self.layers) for shape in self.layers[layer]]

    def rect(self, x: float, y: float, width: float, height: float, style: str, told: Sequence[str] = ()) -> None:
        self.width, self.height = max(self.width, x + width), max(self.height, y + height)
        title = f"<title>{xml_text(chr(10).join(told))}</title>" if told else ""
        self._add(style, f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3" class="{style}">{title}</rect>')

    def text(self, x: float, y: float, words: str, style: str = "") -> None:
        shown = words if len(words) <= _LONGEST_TEXT else words[: _LONGEST_TEXT - 1] + "…"
        self.width, self.height = max(self.width, x + (len(shown) * _CHARACTER if style != "small" else 0)), max(self.height, y)
        self._add("text", f'<text x="{x:g}" y="{y:g}"{f" class={quoteattr(style)}" if style else ""}>{xml_text(shown)}</text>')

    def line(self, a: tuple[float, float], b: tuple[float, float], style: str, width: float = 1, told: Sequence[str] = ()) -> None:
        title = f"<title>{xml_text(chr(10).join(told))}</title>" if told else ""
        stroke = "" if style != "cable" else f' stroke-width="{width:g}"'
        self._add("cable", f'<line x1="{a[0]:g}" y1="{a[1]:g}" x2="{b[0]:g}" y2="{b[1]:g}" class="{style}"{stroke}>{title}</line>')


class _Marks:
    """Which defects concern what."""

    def __init__(self, fabric: Fabric, defects: Sequence[Defect]) -> None:
        self.hosts: dict[str, list[Defect]] = {}
        self.switches: dict[str, list[Defect]] = {}
        self.rails: dict[tuple[str, int | None], list[Defect]] = {}
        self.pairs: dict[frozenset[str], list[Defect]] = {}
        self.units = [defect for defect in defects if defect.id == "leaf_missing"]
        rail_of = {(link.adapter, link.port): link.rail for host in fabric.hosts.values() for link in host.links}
        for defect in defects:
            if defect.host:
                self.hosts.setdefault(defect.host, []).append(defect)
            ends = [node for node, _port in defect.places if node in fabric.switches]
            for switch in ends:
                self.switches.setdefault(switch, []).append(defect)
            for place in defect.places:
                if defect.host and place[1] is not None and (place[0], place[1]) in rail_of:
                    self.rails.setdefault((defect.host, rail_of[place[0], place[1]]), []).append(defect)
            if len(ends) == 2:
                self.pairs.setdefault(frozenset(ends), []).append(defect)


def draw(fabric: Fabric, defects: Sequence[Defect] = (), *, title: str = "Fabric") -> str:
    """Return the picture as the text of an SVG file."""
    canvas, marks = _Canvas(), _Marks(fabric, defects)
    tiers = Counter(switch.tier for switch in fabric.switches.values())
    words = [f"{len(fabric.hosts)} hosts", f"{len(fabric.units)} scalable units", f"{tiers[1]} leaves"]
    words += [f"{tiers[tier]} {name}" for tier, name in ((2, "spines"), (3, "core switches")) if tiers[tier]]
    canvas.text(_PAD, 22, title, "title")
    canvas.text(_PAD, 40, f"{', '.join(words)}: {_count(len(defects))}.")
    places: dict[str, tuple[float, float]] = {}
    top = _switch_row(canvas, fabric, [switch.id for switch in fabric.switches.values() if (switch.tier or 0) > 2], _PAD, 52, _WIDEST, marks, places)
    bottom = _pods(canvas, fabric, top + (_PAD if top > 52 else 0), marks, places)
    _cables(canvas, fabric, marks, places)
    bottom = _rest(canvas, fabric, bottom, marks, places)
    for number, defect in enumerate(defects[:LISTED]):
        canvas.text(_PAD, bottom + 18 + number * _LINE, f"{defect.subject}: {defect.message}")
    if len(defects) > LISTED:
        canvas.text(_PAD, bottom + 18 + LISTED * _LINE, f"and {len(defects) - LISTED} more.")
    width, height = max(canvas.width, 400) + _PAD, canvas.height + 2 * _PAD
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img">'
    body = [f"<title>{xml_text(title)}</title><style>{_STYLE}</style>", f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>']
    return "\n".join([head, *body, *canvas.shapes(), "</svg>"]) + "\n"


def _pods(canvas: _Canvas, fabric: Fabric, top: float, marks: _Marks, places: dict[str, tuple[float, float]]) -> float:
    """Draw the pods side by side, in as many rows as it takes; return where the next thing can stand."""
    x, y, row = float(_PAD), top, 0.0
    for pod in fabric.pods.values():
        units = [fabric.units[name] for name in pod.units]
        sizes = [_unit_size(fabric, unit) for unit in units]
        columns = _columns(sizes, _WIDEST - 4 * _PAD, len(fabric.pods))
        width = max((sum(size[0] + _PAD for size in sizes[start : start + columns]) for start in range(0, len(sizes), columns)), default=0) + _PAD
        width = max(width, len(pod.name) * _CHARACTER + 2 * _PAD, min(len(pod.spines), 12) * (_SWITCH_WIDTH + _GAP) + 2 * _PAD)
        if x > _PAD and x + width > _WIDEST:
            x, y, row = float(_PAD), y + row + _PAD, 0.0
        canvas.text(x + _PAD, y + 16, pod.name, "name")
        below = _switch_row(canvas, fabric, pod.spines, x + _PAD, y + 24, x + width - _PAD, marks, places, spread=True)
        # Room for cables to be seen in.
        below += 40 if _shows_cables(fabric, pod.name) else _PAD
        for start in range(0, len(units), columns):
            left = x + _PAD
            for unit, size in zip(units[start : start + columns], sizes[start : start + columns]):
                _unit(canvas, fabric, unit, (left, below), size, marks, places)
                left += size[0] + _PAD
            below += max(size[1] for size in sizes[start : start + columns]) + _PAD
        canvas.rect(x, y, width, below - y, "frame")
        x, row = x + width + _PAD, max(row, below - y)
    return y + row + _PAD


def _columns(sizes: Sequence[tuple[float, float]], width: float, pods: int) -> int:
    widest = max((size[0] for size in sizes), default=1) + _PAD
    fitting = max(1, int(width // widest))
    # Several pods stay narrow, so that they stand side by side.
    return min(fitting, len(sizes) or 1) if pods == 1 else max(1, min(fitting, round(len(sizes) ** 0.5)))


def _unit_size(fabric: Fabric, unit: Unit) -> tuple[float, float]:
    leaves = len(unit.leaves) * (_SWITCH_WIDTH + _GAP)
    title = (len(unit.name) + len(_hosts_words(unit)) + 3) * _CHARACTER
    if len(unit.hosts) > FEW_HOSTS:
        columns = _host_columns(unit)
        inner, height = float(columns * (_CELL + _GAP)), -(-len(unit.hosts) // columns) * (_CELL + _GAP)
    else:
        inner = max((len(host) * _CHARACTER + len(fabric.hosts[host].links) * (_CELL + _GAP) for host in unit.hosts), default=0) + _PAD
        height = len(unit.hosts) * _LINE
    return max(leaves, title, inner) + 2 * _PAD, height + _SWITCH_HEIGHT + 3 * _PAD + _LINE


def _host_columns(unit: Unit) -> int:
    leaves = len(unit.leaves) * (_SWITCH_WIDTH + _GAP) // (_CELL + _GAP)
    return max(10, leaves, -(-len(unit.hosts) // 12))


def _hosts_words(unit: Unit) -> str:
    return f"{len(unit.hosts)} hosts" if len(unit.hosts) != 1 else "1 host"


def _unit(
    canvas: _Canvas, fabric: Fabric, unit: Unit, at: tuple[float, float], size: tuple[float, float], marks: _Marks, places: dict[str, tuple[float, float]]
) -> None:
    x, y = at
    lost = [defect for defect in marks.units if defect.subject.startswith(f"{unit.name} rail ")]
    canvas.rect(x, y, size[0], size[1], "unit bad" if lost else "unit", _sentences(lost))
    canvas.text(x + _PAD, y + 16, unit.name, "name")
    canvas.text(x + _PAD + (len(unit.name) + 2) * _CHARACTER, y + 16, _hosts_words(unit))
    top = _switch_row(canvas, fabric, unit.leaves, x + _PAD, y + 24, x + size[0], marks, places) + _GAP
    columns = _host_columns(unit)
    for number, name in enumerate(unit.hosts):
        host, bad = fabric.hosts[name], marks.hosts.get(name, [])
        told = [f"{name}: {len(host.links)} cables", *_sentences(bad)]
        if len(unit.hosts) > FEW_HOSTS:
            left, above = x + _PAD + number % columns * (_CELL + _GAP), top + number // columns * (_CELL + _GAP)
            canvas.rect(left, above, _CELL, _CELL, _style(bad, "host"), told)
            continue
        above = top + number * _LINE
        canvas.text(x + _PAD, above + 11, name)
        left = x + size[0] - _PAD - max(host.rails, len(host.links)) * (_CELL + _GAP)
        lacking = [rail for rail in range(host.rails) if rail not in {link.rail for link in host.links}]
        cells: list[tuple[int | None, list[Defect], str]] = [
            (link.rail, marks.rails.get((name, link.rail), []), f"{name} {link.device or ''} to {fabric.switches[link.switch].label} port {link.switch_port}")
            for link in host.links
        ]
        gone = [defect for defect in bad if defect.id in ("rail_missing", "rails_missing")]
        cells += [(rail, gone, f"{name} rail {rail}: no cable") for rail in lacking[: max(0, host.rails - len(host.links))]]
        for place, (_rail, defects, words) in enumerate(sorted(cells, key=lambda cell: 99 if cell[0] is None else cell[0])):
            canvas.rect(left + place * (_CELL + _GAP), above + 1, _CELL, _CELL, _style(defects, "host"), [words, *_sentences(defects)])


def _switch_row(
    canvas: _Canvas,
    fabric: Fabric,
    ids: Sequence[str],
    x: float,
    y: float,
    right: float,
    marks: _Marks,
    places: dict[str, tuple[float, float]],
    *,
    spread: bool = False,
) -> float:
    """Draw switches in a row, or in several; return where the next thing can stand. ``spread``: over all of the width, where a row is enough."""
    step = max(float(_SWITCH_WIDTH + _GAP), (right - x) / len(ids)) if spread and ids else float(_SWITCH_WIDTH + _GAP)
    x += (step - _SWITCH_WIDTH - _GAP) / 2
    left, top = x, y
    for switch in ids:
        known, bad = fabric.switches[switch], marks.switches.get(switch, [])
        if left > x and left + _SWITCH_WIDTH > right:
            left, top = x, top + _SWITCH_HEIGHT + _GAP
        ratio = known.oversubscription
        told = [known.label, *([f"oversubscription {ratio:.2f}"] if ratio and ratio > 1.005 else []), *_sentences(bad)]
        canvas.rect(left, top, _SWITCH_WIDTH, _SWITCH_HEIGHT, _style(bad, "switch"), told)
        number = re.findall(r"[0-9]+", known.label)
        short = f"r{known.rail}" if known.rail is not None else number[-1][-3:] if number else ""
        canvas.text(left + _SWITCH_WIDTH / 2, top + 12, short, "small")
        places[switch] = (left + _SWITCH_WIDTH / 2, top + _SWITCH_HEIGHT / 2)
        left += step
    return top + _SWITCH_HEIGHT + _GAP if ids else y


def _rest(canvas: _Canvas, fabric: Fabric, top: float, marks: _Marks, places: dict[str, tuple[float, float]]) -> float:
    """Draw the switches and hosts that have no other place."""
    others = [switch for switch in fabric.switches if switch not in places]
    if others:
        canvas.text(_PAD, top + 12, "other switches", "name")
        top = _switch_row(canvas, fabric, others, _PAD, top + 18, _WIDEST, marks, places) + _PAD
    hosts = [host for host in fabric.hosts.values() if host.unit is None]
    if hosts:
        canvas.text(_PAD, top + 12, f"on no leaf: {', '.join(host.name for host in hosts)}")
        top += 18
    return top


def _shows_cables(fabric: Fabric, pod: str) -> bool:
    known = fabric.pods[pod]
    return len(known.spines) * sum(len(fabric.units[unit].leaves) for unit in known.units) <= FEW_LINES


def _cables(canvas: _Canvas, fabric: Fabric, marks: _Marks, places: dict[str, tuple[float, float]]) -> None:
    """Draw the cables between switches where they are few, and those with a defect wherever."""
    pairs: Counter[frozenset[str]] = Counter()
    for cable in fabric.wiring.cables:
        if cable.a in places and cable.b in places:
            pairs[frozenset((cable.a, cable.b))] += 1
    pod_of = {leaf: unit.pod for unit in fabric.units.values() for leaf in unit.leaves}
    few = len(pairs) <= FEW_LINES
    for pair, count in pairs.items():
        if len(pair) < 2 or pair in marks.pairs:
            continue
        pods = {pod_of[switch] for switch in pair if switch in pod_of}
        if few or (pods and _shows_cables(fabric, next(iter(pods)))):
            a, b = (places[switch] for switch in sorted(pair))
            names = " – ".join(sorted(fabric.switches[switch].label for switch in pair))
            canvas.line(a, b, "cable", 1 + 0.4 * (count - 1), [f"{names}: {count} {'cable' if count == 1 else 'cables'}"])
    for pair, defects in marks.pairs.items():
        if len(pair) == 2 and pair <= places.keys():
            a, b = (places[switch] for switch in sorted(pair))
            canvas.line(a, b, _style(defects, "cable"), told=_sentences(defects))


def _style(defects: Sequence[Defect], sound: str) -> str:
    if not defects:
        return sound
    return "bad" if any(defect.id in _BROKEN for defect in defects) else "odd"


def _sentences(defects: Iterable[Defect]) -> list[str]:
    return [f"{defect.subject}: {defect.message}" for defect in defects]


def _count(defects: int) -> str:
    return "no defects" if not defects else "1 defect" if defects == 1 else f"{defects} defects"
