# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AMD's tools in one model: ``rocm-smi -a`` (JSON or text) and ``--showtopo``; ``amd-smi list``, ``static`` and ``metric`` (JSON or text),
``topology`` and ``xgmi``.

The forms are those of ROCm 5.7 to 7.2, after recordings, AMD's changelogs and published output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import CoreError
from ..model.amd_gpu import AmdSmi
from ..model.document import Fault
from . import values
from .amd_smi_gpu import flat, gpu_faults, gpu_of
from .amd_smi_links import Links, read_matrices

TABLES = {
    "gpus": (
        *("index", "product", "pci_address", "serial", "memory_total_mib", "hotspot_temperature_c", "power_draw_w", "power_limit_w", "ecc.uncorrected"),
        *("pcie.speed_gt_per_s", "pcie.width", "numa_node", "xgmi_bandwidth_gbits_per_s"),
    ),
    "links": ("who", "whom", "link_type", "weight", "hops", "up"),
}

_CARD = re.compile(r"card(\d{1,4})")
_BETWEEN = re.compile(r"\(Topology\) (Weight|Hops|Link type) between DRM devices (\d{1,4}) and (\d{1,4})")
_ROCM_LINE = re.compile(r"^GPU\[(\d{1,4})\]\s*: (.+?):\s+(\S.*)$")
_AMD_GPU = re.compile(r"^GPU: (\d{1,4})[ \t]*$", re.MULTILINE)
_NOT_LOADED = re.compile(r"driver not initialized|amdgpu not found in modules|check amdgpu version and module status", re.IGNORECASE)
_ROCM_TITLE, _ROCM_END = "ROCm System Management Interface", "End of ROCm SMI Log"
_HINT = "Record rocm-smi -a --json, or amd-smi static --json."
# GPU -> key -> text.
_Cards = dict[int, dict[str, str]]


def parse(text: str) -> AmdSmi:
    """Return what was printed about the GPUs and their links. Raises ``CoreError`` for a text that is of another kind."""
    text = values.without_prefixes(values.plain(text))
    cards: _Cards = {}
    links = Links()
    part = values.json_part(text)
    driver = _text(text, cards, links) if part is None else _json(values.load_json(part), cards, links)
    faults = []
    if _NOT_LOADED.search(text):
        hint = "Load it (modprobe amdgpu), or see in the kernel log why it does not load."
        faults.append(Fault("driver_not_loaded", "AMD driver", "AMD's kernel driver amdgpu is not loaded.", hint))
    # rocm-smi names pairs of GPUs that it was not asked about.
    numbers = sorted({*cards, *links.rates, *links.addresses}) or sorted({who for who, _whom in links.pairs})
    if not numbers and not faults:
        raise CoreError("nothing that rocm-smi or amd-smi say about GPUs is here.", hint=_HINT)
    gpus = []
    for number in numbers:
        fields = {"bdf": links.addresses.get(number, ""), **cards.get(number, {})}
        rate, bandwidth = links.rates.get(number, (None, None))
        gpus.append(replace(gpu_of(number, fields), xgmi_rate_gbits_per_s=rate, xgmi_bandwidth_gbits_per_s=bandwidth))
        faults += gpu_faults(gpus[-1], fields)
    said = (f"The tool says: {line.strip()[:160]}" for line in text.split("\n") if line.startswith("WARNING:"))
    return AmdSmi(
        driver_version=values.text_or_none(driver),
        gpus=tuple(gpus),
        links=tuple(links.pairs.values()),
        complete=bool(gpus) and not links.missing,
        warnings=(*said, *links.missing),
        faults=(*faults, *links.faults()),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json(document: Any, cards: _Cards, links: Links) -> str:
    """Read JSON of either tool, and return the driver's version."""
    if isinstance(document, Mapping):
        document = document.get("gpu_data", document)
    if isinstance(document, list):
        found = [entry for entry in document if isinstance(entry, Mapping) and _is_number(entry.get("gpu")) and 0 <= entry["gpu"] < 10_000]
        for entry in found:
            cards.setdefault(entry["gpu"], {}).update(flat(entry))
        return next((fields[key] for fields in cards.values() for key in ("driver/version", "driver/driver_version") if key in fields), "")
    if not isinstance(document, Mapping):
        return ""
    if _is_number(document.get("gpu")):
        return _json([document], cards, links)
    for name, entry in document.items():
        card = _CARD.fullmatch(name)
        if card and isinstance(entry, Mapping):
            cards[int(card.group(1))] = {key.lower(): str(value) for key, value in entry.items()}
    system = document.get("system")
    return _system(system, links) if isinstance(system, Mapping) else ""


def _system(system: Mapping[str, Any], links: Links) -> str:
    """Read rocm-smi's part about the node: the driver's version, and each pair of GPUs once."""
    for key, value in system.items():
        between = _BETWEEN.fullmatch(key)
        if between:
            measure, one, other = between.groups()
            told: Any = values.text_or_none(value) if measure == "Link type" else values.whole(value)
            for who, whom in ((int(one), int(other)), (int(other), int(one))):
                links.tell(who, whom, **{measure.lower().replace(" ", "_"): told})
    return next((str(value) for key, value in system.items() if key.lower() == "driver version"), "")


def _text(text: str, cards: _Cards, links: Links) -> str:
    """Read the text of either tool, and return the driver's version."""
    lines = text.split("\n")
    for line in map(_ROCM_LINE.match, lines):
        if line:
            cards.setdefault(int(line.group(1)), {}).setdefault(line.group(2).lower(), line.group(3).strip())
    starts = list(_AMD_GPU.finditer(text))
    for start, end in zip(starts, [*(match.start() for match in starts[1:]), len(text)]):
        fields = cards.setdefault(int(start.group(1)), {})
        for path, value in values.indented(text[start.end() : end], 0):
            if value is not None:
                fields.setdefault("/".join(path).lower(), value)
    read_matrices(lines, links)
    if _ROCM_TITLE in text and _ROCM_END not in text:
        links.missing.append("The text ends before rocm-smi's last line.")
    versions = (line.partition("Driver version:")[2].strip() for line in lines if line.startswith("Driver version:"))
    return next(versions, next((fields[key] for fields in cards.values() for key in ("driver/version", "driver/driver_version") if key in fields), ""))
