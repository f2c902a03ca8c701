# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forms of nvidia-smi's output, all brought to one: the fields of each GPU by path.

A path is made of the labels of ``-q``, the elements of ``-q -x`` or the columns of ``--query-gpu``, in lower case with underscores:
``pci/gpu_link_info/link_width/current``, ``pci/pci_gpu_link_info/link_widths/current_link_width``, ``pcie_link_width_current``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import unescape

from . import values

TEXT_BANNER = "NVSMI LOG"
XML_ROOT = "<nvidia_smi_log"
TEXT_GPU = re.compile(r"^[ \t]*GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])[ \t]*$", re.MULTILINE)
_XML_GPU = re.compile(r"<gpu(?: id=[\"']([^\"'<>]*)[\"'])?[ \t]*>")
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]*)(\s[^<>]*|/)?>")
_DEEPEST = 32
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_COLUMN = re.compile(r"([A-Za-z_][\w.]*)(?: \[[^\],]+\])?")
# The section that ends a GPU's part, whatever the driver; some print another one behind it.
_LAST_SECTIONS = frozenset(("processes", "compute_processes"))
_MIG = frozenset((("mig_device",), ("mig_devices", "mig_device")))


@dataclass
class Fields:
    """What is printed of one GPU, or above all of them."""

    address: str = ""
    line: int = 0
    values: dict[str, str] = field(default_factory=dict)
    mig_devices: list[dict[str, str]] = field(default_factory=list)
    sections: dict[str, None] = field(default_factory=dict)
    """The uppermost keys, in their order."""
    damage: str = ""
    """Why it cannot be taken for whole."""

    def open(self, path: Sequence[str]) -> None:
        """Begin a section."""
        if len(path) == 1:
            self.sections[path[0]] = None
        if tuple(path) in _MIG:
            self.mig_devices.append({})

    def put(self, path: Sequence[str], value: str) -> None:
        """Keep a value. Where a path repeats, as in the lists of clocks and processes, the first one counts."""
        if len(path) == 1:
            self.sections[path[0]] = None
        for depth in (1, 2):
            if tuple(path[:depth]) in _MIG and self.mig_devices and len(path) > depth:
                self.mig_devices[-1].setdefault("/".join(path[depth:]), value)
                return
        self.values.setdefault("/".join(path), value)


def key(label: str) -> str:
    """Return ``gpu_t_limit_temp`` for ``GPU T.Limit Temp``."""
    return _NOT_WORD.sub("_", label.lower()).strip("_")


def from_text(report: str) -> tuple[Fields, list[Fields]]:
    """Read ``nvidia-smi -q``: what stands above the GPUs, and the GPUs."""
    starts = list(TEXT_GPU.finditer(report))
    head = Fields()
    for row in (report[: starts[0].start()] if starts else report).split("\n"):
        label, _colon, rest = row.partition(":")
        head.put((key(label),), rest.strip())
    gpus = []
    for start, end, line in _spans(report, starts):
        fields = Fields(start.group(1), line)
        for path, value in values.indented(report[start.end() : end], len(start.group()) - len(start.group().lstrip())):
            if value is None:
                fields.open([key(label) for label in path])
            else:
                fields.put([key(label) for label in path], value)
        gpus.append(fields)
    if gpus:
        gpus[-1].damage = _cut(gpus)
    return head, gpus


def _cut(gpus: Sequence[Fields]) -> str:
    """Say why the last GPU of a text is not whole. Those before it are followed by another one."""
    last = gpus[-1]
    if len(gpus) > 1:
        ended = bool(last.sections) and next(reversed(gpus[0].sections), "") in last.sections
    else:
        # -d prints single sections: nothing tells how far it must go.
        ended = bool(last.sections) and ("product_name" not in last.sections or bool(_LAST_SECTIONS & set(last.sections)))
    if not ended:
        return "the text ends before the GPU's last section"
    name = next(reversed(last.sections))
    if name in _LAST_SECTIONS and name not in last.values and f"{name}/process_id" not in last.values:
        return "the text ends in the GPU's last section"
    return ""


def from_xml(report: str) -> tuple[Fields, list[Fields]]:
    """Read ``nvidia-smi -q -x``. Damage costs the GPU that it is in, not the others."""
    starts = list(_XML_GPU.finditer(report))
    head = _elements(report[: starts[0].start()] if starts else report)
    gpus = []
    for start, end, line in _spans(report, starts):
        block, closed, _rest = report[start.end() : end].partition("</gpu>")
        fields = _elements(block)
        fields.address, fields.line = start.group(1) or "", line
        fields.damage = fields.damage if closed else "the XML ends before </gpu>"
        gpus.append(fields)
    return head, gpus


def _elements(text: str) -> Fields:
    """Read elements without attributes. No entities but the five of XML, no external ones."""
    fields = Fields()
    stack: list[str] = []
    # The end of the last opening tag, while nothing but text has followed it.
    leaf = -1
    for tag in _TAG.finditer(text):
        closing, name, rest = tag.groups()
        if not closing:
            stack.append(key(name))
            fields.open(stack)
            leaf = tag.end()
            if len(stack) > _DEEPEST:
                fields.damage = f"its elements are nested deeper than {_DEEPEST}"
                return fields
            if rest and rest.endswith("/"):
                stack.pop()
                leaf = -1
        elif not stack or stack[-1] != key(name):
            # Above the GPUs the root stays open, and nothing else is closed that was not opened.
            fields.damage = f"</{name}> closes an element that is not open"
            return fields
        else:
            if leaf >= 0:
                fields.put(stack[1:] if stack[0] == "nvidia_smi_log" else stack, unescape(text[leaf : tag.start()].strip(), {"&quot;": '"', "&apos;": "'"}))
            stack.pop()
            leaf = -1
    if stack and stack != ["nvidia_smi_log"]:
        fields.damage = f"<{stack[-1]}> is not closed"
    return fields


def without_comments(xml: str) -> str:
    """Return an XML document without its comments, its lines where they were."""
    first, *others = xml.split("<!--")
    return first + "".join("\n" * comment.count("\n") + rest for comment, _end, rest in (part.partition("-->") for part in others))


def from_csv(lines: Sequence[str], heading: int) -> list[Fields]:
    """Read ``--query-gpu=... --format=csv``, whose heading is line ``heading`` (from 0). Other lines between the rows are not rows."""
    names = cells(lines[heading])
    columns = [key(name.partition(" [")[0]) for name in names]
    rows = []
    for number, line in enumerate(lines[heading + 1 :], start=heading + 2):
        row = cells(line)
        if not line.strip() or not_a_row(line) or row == names:
            continue
        fields = Fields(line=number, values=dict(zip(columns, row)))
        if len(row) != len(columns):
            fields.damage = f"the row has {len(row)} values and the heading {len(columns)}"
        rows.append(fields)
    return rows


def not_a_row(line: str) -> bool:
    """Whether a line is a sentence that the tool prints among others, or a prompt or fence that was copied with it."""
    return line.startswith(("Unable to determine", "WARNING:", "Failed to", "```")) or line.rstrip().endswith(("$", "#", ">"))


def heading_of(lines: Sequence[str], known: frozenset[str]) -> int | None:
    """Return where the heading of a CSV stands: the first line that is nothing but names of columns, one of them known."""
    for number, line in enumerate(lines):
        names = [_COLUMN.fullmatch(cell) for cell in cells(line)]
        if all(names) and any(name and key(name.group(1)) in known for name in names):
            return number
    return None


def cells(line: str) -> list[str]:
    """Return the values of a CSV line. NVIDIA's quotes nothing and has no commas in values."""
    return [cell.strip() for cell in line.split(",")]


def _spans(text: str, starts: Sequence[re.Match[str]]) -> Iterator[tuple[re.Match[str], int, int]]:
    """Return each match, where the next one begins, and its line."""
    line, counted = 1, 0
    for start, end in zip(starts, [*(match.start() for match in starts[1:]), len(text)]):
        line += text.count("\n", counted, start.start())
        counted = start.start()
        yield start, end, line
