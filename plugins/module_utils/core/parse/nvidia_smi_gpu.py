# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the fields that nvidia-smi prints to a GPU.

The names differ between ``-q``, ``-q -x`` and ``--query-gpu``, and from driver to driver: 375 (2017) to 615 (2026) are read. What they mean is
said in nvidia-smi's manual; the names were read off published output of these drivers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model.gpu import Clocks, Ecc, EccCounts, Gpu, GpuFabric, MigDevice, PcieLink, Platform, RemappedRows, RetiredPages
from . import values
from .nvidia_smi_forms import Fields

# Our name -> where it stands. The first that has something to say counts.
PATHS: Mapping[str, tuple[str, ...]] = {
    "uuid": ("gpu_uuid", "uuid"),
    "serial": ("serial_number", "serial"),
    "product": ("product_name", "name"),
    "brand": ("product_brand",),
    "architecture": ("product_architecture",),
    "pci_address": ("pci/bus_id", "pci/pci_bus_id", "pci_bus_id"),
    "minor_number": ("minor_number",),
    "vbios": ("vbios_version",),
    "memory_total": ("fb_memory_usage/total", "memory_total"),
    "memory_used": ("fb_memory_usage/used", "memory_used"),
    "mig_mode": ("mig_mode/current", "mig_mode/current_mig", "mig_mode_current"),
    "persistence": ("persistence_mode",),
    "c2c_mode": ("gpu_c2c_mode", "c2c_mode"),
    "ecc_mode": ("ecc_mode/current", "ecc_mode/current_ecc", "ecc_mode_current"),
    "sram_threshold": ("ecc_errors/aggregate/sram_threshold_exceeded", "ecc_errors_uncorrected_aggregate_sram_thresholdexceeded"),
    "channel_repair": ("ecc_errors/channel_repair_pending",),
    "tpc_repair": ("ecc_errors/tpc_repair_pending",),
    "unrepairable": ("ecc_errors/unrepairable_memory",),
    "remapped_correctable": ("remapped_rows/correctable_error", "remapped_rows/remapped_row_corr", "remapped_rows_correctable"),
    "remapped_uncorrectable": ("remapped_rows/uncorrectable_error", "remapped_rows/remapped_row_unc", "remapped_rows_uncorrectable"),
    "remapped_pending": ("remapped_rows/pending", "remapped_rows/remapped_row_pending", "remapped_rows_pending"),
    "remapped_failure": ("remapped_rows/remapping_failure_occurred", "remapped_rows/remapped_row_failure", "remapped_rows_failure"),
    "retired_single": ("retired_pages/single_bit_ecc", "retired_pages/multiple_single_bit_retirement/retired_count", "retired_pages_single_bit_ecc_count"),
    "retired_double": ("retired_pages/double_bit_ecc", "retired_pages/double_bit_retirement/retired_count", "retired_pages_double_bit_count"),
    "retired_pending": (
        *("retired_pages/pending", "retired_pages/pending_page_blacklist"),
        *("retired_pages/pending_retirement", "retired_pages/pending_blacklist", "retired_pages_pending"),
    ),
    "gen_current": ("pci/gpu_link_info/pcie_generation/current", "pci/pci_gpu_link_info/pcie_gen/current_link_gen", "pcie_link_gen_current"),
    "gen_max": ("pci/gpu_link_info/pcie_generation/max", "pci/pci_gpu_link_info/pcie_gen/max_link_gen", "pcie_link_gen_max"),
    "width_current": ("pci/gpu_link_info/link_width/current", "pci/pci_gpu_link_info/link_widths/current_link_width", "pcie_link_width_current"),
    "width_max": ("pci/gpu_link_info/link_width/max", "pci/pci_gpu_link_info/link_widths/max_link_width", "pcie_link_width_max"),
    "temperature": ("temperature/gpu_current_temp", "temperature/gpu_temp", "temperature_gpu"),
    "memory_temperature": ("temperature/memory_current_temp", "temperature/memory_temp", "temperature_memory"),
    "slowdown_temperature": ("temperature/gpu_slowdown_temp", "temperature/gpu_temp_slow_threshold"),
    "margin": ("temperature/gpu_t_limit_temp", "temperature/gpu_current_t_limit_temp", "temperature/gpu_temp_tlimit"),
    "slowdown_margin": (
        *("temperature/gpu_slowdown_t_limit_temp", "temperature/gpu_slowdown_t_limit_temp_specification"),
        "temperature/gpu_temp_slow_tlimit_threshold",
    ),
    "power_draw": (
        *("gpu_power_readings/power_draw", "gpu_power_readings/average_power_draw", "gpu_power_readings/instantaneous_power_draw"),
        *("gpu_power_readings/instant_power_draw", "power_readings/power_draw", "power_draw", "power_draw_average", "power_draw_instant"),
    ),
    "power_limit": (
        *("gpu_power_readings/current_power_limit", "gpu_power_readings/gpu_ceiling_power_limit/current_power_limit"),
        *("power_readings/power_limit", "power_limit", "power_readings/enforced_power_limit", "enforced_power_limit"),
    ),
    "graphics": ("clocks/graphics", "clocks/graphics_clock", "clocks_current_graphics"),
    "sm": ("clocks/sm", "clocks/sm_clock", "clocks_current_sm"),
    "memory": ("clocks/memory", "clocks/mem_clock", "clocks_current_memory"),
    "video": ("clocks/video", "clocks/video_clock", "clocks_current_video"),
    "graphics_max": ("max_clocks/graphics", "max_clocks/graphics_clock", "clocks_max_graphics"),
    "sm_max": ("max_clocks/sm", "max_clocks/sm_clock", "clocks_max_sm"),
    "memory_max": ("max_clocks/memory", "max_clocks/mem_clock", "clocks_max_memory"),
    "video_max": ("max_clocks/video", "max_clocks/video_clock"),
    "utilization": ("utilization/gpu", "utilization/gpu_util", "utilization_gpu"),
    "fabric_state": ("fabric/state", "fabric_state"),
    "fabric_status": ("fabric/status", "fabric_status"),
    "fabric_cluster": ("fabric/clusteruuid", "fabric_clusteruuid"),
    "fabric_clique": ("fabric/cliqueid", "fabric_cliqueid"),
    "fabric_health": ("fabric/health/summary", "fabric_health_summary"),
    "chassis_serial": ("platform_info/chassis_serial_number", "platforminfo/chassis_serial_number", "platform_chassis_serial_number"),
    "slot": ("platform_info/slot_number", "platforminfo/slot_number", "platform_slot_number"),
    "tray": ("platform_info/tray_index", "platforminfo/tray_index", "platform_tray_index"),
    "host_id": ("platform_info/host_id", "platforminfo/host_id", "platform_host_id"),
    "module_id": ("platform_info/module_id", "platforminfo/module_id", "platform_module_id", "module_id", "gpu_module_id"),
    "reset_required": ("gpu_reset_status/reset_required", "reset_status_reset_required"),
    "recovery_action": ("gpu_recovery_action",),
}
# What --query-gpu may be asked for: by these a heading is known.
COLUMNS = frozenset(("index", *(path for paths in PATHS.values() for path in paths if "/" not in path)))

# What stands in place of a value. The first kind says nothing about the GPU.
_NO_VALUE = frozenset(("n/a", "not supported", "not available", "unknown", "not found", "no data", "insufficient permissions", "err!", ""))
_DEPRECATED = "requested functionality has been deprecated"
TROUBLES = frozenset(("gpu is lost", "gpu requires reset", "unknown error"))

_REASON = re.compile(r"(?:clocks_(?:throttle|event)_reasons?_)?(\w+)")
_REASON_SECTIONS = ("clocks_event_reasons/", "clocks_throttle_reasons/", "clocks_event_reasons_", "clocks_throttle_reasons_")
# -q shortens two names.
_REASON_NAMES = {"idle": "gpu_idle", "display_clock_setting": "display_clocks_setting"}


class Reader:
    """Reads one GPU's fields. What cannot be read is told in ``warnings``; ``troubles`` has the driver's errors in place of values."""

    def __init__(self, fields: Mapping[str, str], subject: str, warnings: list[str]) -> None:
        self.fields = fields
        self.subject = subject
        self.warnings = warnings
        self.troubles: set[str] = set()

    def words(self, name: str) -> str | None:
        """Return the text of the first path that has one."""
        for path in PATHS[name]:
            found = self._text(path)
            if found is not None:
                return found
        return None

    def _text(self, path: str) -> str | None:
        text = self.fields.get(path, "").strip()
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1].strip()
        low = text.lower()
        if low in TROUBLES:
            self.troubles.add(low)
            return None
        return None if low in _NO_VALUE or low.startswith(_DEPRECATED) else text

    def word(self, name: str) -> str | None:
        """Return the text, or ``None`` where it says ``None``."""
        return values.text_or_none(self.words(name))

    def whole(self, name: str, unit: str = "") -> int | None:
        number = self.number(name, unit)
        return None if number is None else round(number)

    def number(self, name: str, unit: str = "") -> float | None:
        text = self.word(name)
        if text is None:
            return None
        number = values.decimal(text, unit)
        if number is None or (number < 0 and unit != "C"):
            self._unread(name, text)
            return None
        return number

    def mode(self, name: str) -> str | None:
        """Return ``enabled`` or ``disabled``."""
        text = self.word(name)
        if text is None or text.lower() in ("enabled", "disabled"):
            return text and text.lower()
        self._unread(name, text)
        return None

    def flag(self, name: str) -> bool | None:
        text = self.word(name)
        if text is None or text.lower() in ("yes", "no"):
            return None if text is None else text.lower() == "yes"
        self._unread(name, text)
        return None

    def total(self, *paths: str) -> int | None:
        """Return the sum of the counts that are given, or ``None`` where none is."""
        texts = [(path, self._text(path)) for path in paths]
        counts = []
        for path, text in texts:
            count = values.whole(text)
            if text is not None and (count is None or count < 0):
                self._unread(path.replace("/", " "), text)
            elif count is not None:
                counts.append(count)
        return sum(counts) if counts else None

    def _unread(self, name: str, text: str) -> None:
        self.warnings.append(f"{self.subject}: its {name.replace('_', ' ')} reads {text[:60]!r} and is left out.")


def gpu_of(fields: Fields, index: int | None, warnings: list[str]) -> tuple[Gpu, set[str]]:
    """Return a GPU, and the driver's errors that stand in place of some of its values."""
    read = Reader(fields.values, f"GPU {values.pci_address(fields.address) or index}", warnings)
    gpu = Gpu(
        index=index,
        uuid=read.word("uuid"),
        serial=read.word("serial"),
        product=read.word("product"),
        brand=read.word("brand"),
        architecture=read.word("architecture"),
        pci_address=values.pci_address(read.word("pci_address")) or values.pci_address(fields.address),
        minor_number=read.whole("minor_number"),
        vbios=read.word("vbios"),
        memory_total_mib=read.whole("memory_total", "MiB"),
        memory_used_mib=read.whole("memory_used", "MiB"),
        mig_mode=read.mode("mig_mode"),
        mig_devices=tuple(_mig_device(device) for device in fields.mig_devices),
        persistence=read.mode("persistence"),
        c2c_mode=read.mode("c2c_mode"),
        ecc=_ecc(read),
        remapped_rows=RemappedRows(
            correctable=read.whole("remapped_correctable"),
            uncorrectable=read.whole("remapped_uncorrectable"),
            pending=read.flag("remapped_pending"),
            failure=read.flag("remapped_failure"),
        ),
        retired_pages=RetiredPages(read.whole("retired_single"), read.whole("retired_double"), read.flag("retired_pending")),
        pcie=PcieLink(read.whole("gen_current"), read.whole("gen_max"), read.whole("width_current", "x"), read.whole("width_max", "x")),
        temperature_c=read.whole("temperature", "C"),
        memory_temperature_c=read.whole("memory_temperature", "C"),
        slowdown_margin_c=_slowdown_margin(read),
        power_draw_w=read.number("power_draw", "W"),
        power_limit_w=read.number("power_limit", "W"),
        clocks=Clocks(
            graphics_mhz=read.whole("graphics", "MHz"),
            sm_mhz=read.whole("sm", "MHz"),
            memory_mhz=read.whole("memory", "MHz"),
            video_mhz=read.whole("video", "MHz"),
            graphics_max_mhz=read.whole("graphics_max", "MHz"),
            sm_max_mhz=read.whole("sm_max", "MHz"),
            memory_max_mhz=read.whole("memory_max", "MHz"),
            video_max_mhz=read.whole("video_max", "MHz"),
        ),
        throttle_reasons=_throttle_reasons(fields.values),
        utilization_percent=read.whole("utilization", "%"),
        fabric=GpuFabric(
            state=read.word("fabric_state"),
            status=read.word("fabric_status"),
            cluster_uuid=read.word("fabric_cluster"),
            clique_id=read.whole("fabric_clique"),
            health=read.word("fabric_health"),
        ),
        platform=Platform(
            chassis_serial=read.word("chassis_serial"),
            slot=read.whole("slot"),
            tray=read.whole("tray"),
            host_id=read.whole("host_id"),
            module_id=read.whole("module_id"),
        ),
        reset_required=read.flag("reset_required"),
        # Here None is an answer: nothing is to be done.
        recovery_action=read.words("recovery_action"),
        lost="gpu is lost" in read.troubles,
    )
    return gpu, read.troubles


def _mig_device(fields: Mapping[str, str]) -> MigDevice:
    def number(*paths: str, unit: str = "") -> int | None:
        return next((count for count in (values.whole(fields.get(path), unit) for path in paths) if count is not None), None)

    return MigDevice(
        index=number("index"),
        gpu_instance_id=number("gpu_instance_id"),
        compute_instance_id=number("compute_instance_id"),
        multiprocessors=number("device_attributes/shared/multiprocessor_count"),
        memory_total_mib=number("shared_fb_memory_usage/total", "fb_memory_usage/total", unit="MiB"),
        memory_used_mib=number("shared_fb_memory_usage/used", "fb_memory_usage/used", unit="MiB"),
        ecc_uncorrected=number("ecc_errors/volatile/sram_uncorrectable", "ecc_error_count/volatile_count/sram_uncorrectable"),
    )


def _ecc(read: Reader) -> Ecc:
    repairs = [flag for flag in (read.flag("channel_repair"), read.flag("tpc_repair")) if flag is not None]
    return Ecc(
        mode=read.mode("ecc_mode"),
        volatile=_ecc_counts(read, "volatile"),
        aggregate=_ecc_counts(read, "aggregate"),
        sram_threshold_exceeded=read.flag("sram_threshold"),
        repair_pending=any(repairs) if repairs else None,
        unrepairable_memory=read.flag("unrepairable"),
    )


def _ecc_counts(read: Reader, scale: str) -> EccCounts:
    """Add up SRAM and DRAM errors (drivers from 450 on for Ampere and later), or take the total (before, and in CSV)."""
    inside = f"ecc_errors/{scale}"
    corrected = read.total(f"{inside}/sram_correctable", f"{inside}/dram_correctable")
    uncorrected = read.total(
        *(f"{inside}/sram_uncorrectable", f"{inside}/sram_uncorrectable_parity"),
        *(f"{inside}/sram_uncorrectable_sec_ded", f"{inside}/sram_uncorrectable_secded", f"{inside}/dram_uncorrectable"),
    )
    if corrected is None:
        corrected = read.total(f"{inside}/single_bit/total", f"ecc_errors_corrected_{scale}_total")
    if uncorrected is None:
        uncorrected = read.total(f"{inside}/double_bit/total", f"ecc_errors_uncorrected_{scale}_total")
    return EccCounts(corrected, uncorrected)


def _slowdown_margin(read: Reader) -> int | None:
    """Return the slowdown temperature less the temperature. Newer drivers give both as distances to the limit: T.Limit falls as it gets warmer."""
    margin, at = read.whole("margin", "C"), read.whole("slowdown_margin", "C")
    if margin is not None and at is not None:
        return margin - at
    temperature, at = read.whole("temperature", "C"), read.whole("slowdown_temperature", "C")
    return None if temperature is None or at is None else at - temperature


def _throttle_reasons(fields: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for path, value in fields.items():
        name = _REASON.fullmatch(path.rpartition("/")[2])
        if value == "Active" and name and path.startswith(_REASON_SECTIONS):
            found.append(_REASON_NAMES.get(name.group(1), name.group(1)))
    return tuple(dict.fromkeys(found))
