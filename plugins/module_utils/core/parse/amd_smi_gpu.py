# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the fields that AMD's tools print to a GPU.

Keys are those of ``rocm-smi -a`` (with brackets and units in their names, and capitals that differ from version to version) or the paths of
``amd-smi list``, ``static`` and ``metric`` (``asic/market_name``), all in lower case. ``amd-smi`` writes MB and means MiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model.amd_gpu import AmdEcc, AmdGpu, AmdPcie
from ..model.document import Fault
from . import values

_PCIE_LEVEL = re.compile(r"\((\d+(?:\.\d+)?)GT/s x(\d+)\)")
_CLOCK = re.compile(r"\(?(\d+) ?Mhz\)?", re.IGNORECASE)
_SCALE = {"MB": 1, "MiB": 1, "GB": 1024, "GiB": 1024, "B": 1 / 1048576}


def flat(value: Any, path: str = "", deep: int = 8) -> Iterator[tuple[str, str]]:
    """Return the values of a JSON object by path, so many levels deep; what has a value and a unit becomes one text: ``750 W``."""
    if isinstance(value, Mapping) and deep:
        if set(value) == {"value", "unit"}:
            yield path, f"{value['value']} {value['unit']}"
            return
        for key, entry in value.items():
            yield from flat(entry, f"{path}/{key}".lstrip("/").lower(), deep - 1)
    elif not isinstance(value, (list, Mapping)):
        yield path, "" if value is None else str(value)


def gpu_of(index: int, fields: Mapping[str, str]) -> AmdGpu:
    """Return a GPU."""

    def text(*keys: str) -> str | None:
        return next((found for found in (values.text_or_none(fields.get(key)) for key in keys) if found is not None), None)

    def number(*keys: str, unit: str = "") -> float | None:
        # amd-smi says 41 °C, or 41 C.
        told = (fields.get(key, "").replace("\u00b0", "") for key in keys)
        return next((found for found in (values.decimal(each, unit) for each in told) if found is not None and found >= 0), None)

    def whole(*keys: str, unit: str = "") -> int | None:
        found = number(*keys, unit=unit)
        return None if found is None else round(found)

    def mib(bytes_key: str, *keys: str) -> int | None:
        in_bytes = values.whole(fields.get(bytes_key))
        return _mib(text(*keys)) if in_bytes is None or in_bytes < 0 else in_bytes // 1048576

    names = map(text, ("card series", "device name", "card model", "asic/market_name", "board/product_name"))
    level = _PCIE_LEVEL.search(fields.get("pcie clock level", ""))
    serial = text("serial number", "board/product_serial", "asic/asic_serial")
    return AmdGpu(
        index=index,
        # A machine without names for PCI ids shows the ids of card and vendor.
        product=next((name for name in names if name is not None and values.hexadecimal(name) is None), None),
        device_id=text("device id", "gpu id", "asic/device_id"),
        architecture=text("gfx version", "asic/target_graphics_version"),
        # Where there is none, some versions say 0.
        serial=None if serial == "0" else serial,
        unique_id=text("unique id", "uuid"),
        pci_address=values.pci_address(text("pci bus", "bus/bdf", "bdf")),
        vbios=text("vbios version", "vbios/part_number", "ifwi/part_number", "vbios/version"),
        memory_total_mib=mib("vram total memory (b)", "vram/size", "mem_usage/total_vram"),
        memory_used_mib=mib("vram total used memory (b)", "mem_usage/used_vram"),
        temperature_c=number("temperature (sensor edge) (c)", "temperature/edge", unit="C"),
        hotspot_temperature_c=number("temperature (sensor junction) (c)", "temperature/hotspot", unit="C"),
        memory_temperature_c=number("temperature (sensor memory) (c)", "temperature/mem", unit="C"),
        power_draw_w=number(
            *("average graphics package power (w)", "current socket graphics package power (w)"),
            *("power/socket_power", "power/current_socket_power", "power/average_socket_power"),
            unit="W",
        ),
        power_limit_w=number("max graphics package power (w)", "limit/socket_power", "limit/current_power", "limit/max_power", unit="W"),
        graphics_clock_mhz=_mhz(text("sclk clock speed:", "sclk clock speed", "clock/gfx_0/clk")),
        memory_clock_mhz=_mhz(text("mclk clock speed:", "mclk clock speed", "clock/mem_0/clk")),
        utilization_percent=number("gpu use (%)", "usage/gfx_activity", unit="%"),
        pcie=AmdPcie(
            speed_gt_per_s=values.decimal(level.group(1)) if level else number("pcie/speed", unit="GT/s"),
            width=int(level.group(2)) if level else whole("pcie/width"),
            speed_max_gt_per_s=number("bus/max_pcie_speed", unit="GT/s"),
            width_max=whole("bus/max_pcie_width"),
            replays=whole("pcie replay count", "pcie/replay_count"),
        ),
        ecc=AmdEcc(whole("ecc/total_correctable_count"), whole("ecc/total_uncorrectable_count"), whole("ecc/total_deferred_count")),
        numa_node=whole("(topology) numa node", "numa/node"),
    )


def gpu_faults(gpu: AmdGpu, fields: Mapping[str, str]) -> Iterator[Fault]:
    """Return what is wrong with a GPU."""
    name = f"GPU {gpu.pci_address or gpu.index}"
    if gpu.ecc.uncorrected:
        message = f"Uncorrected memory errors since the driver was loaded: {gpu.ecc.uncorrected}. What ran then may have computed with wrong data."
        yield Fault("ecc_uncorrected", name, message, "See amd-smi bad-pages and the kernel log, and reset the GPU.")
    xgmi = values.text_or_none(fields.get("xgmi_err"))
    if xgmi is not None and "no error" not in xgmi.lower():
        yield Fault("xgmi_errors", name, f"The GPU's xGMI links had errors: {xgmi[:60]}.", "See amd-smi xgmi and the kernel log.")


def _mib(text: str | None) -> int | None:
    number, _blank, unit = (text or "").partition(" ")
    amount = values.decimal(number)
    return None if amount is None or amount < 0 or unit not in _SCALE else int(amount * _SCALE[unit])


def _mhz(text: str | None) -> int | None:
    match = _CLOCK.search(text or "")
    return values.whole(match.group(1)) if match else None
