# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine, its firmware and its system: /sys/class/dmi/id, /etc/os-release, the kernel."""

from __future__ import annotations

import re

from ..model.node import SystemFacts
from .source import Source

DMI = "/sys/class/dmi/id"
# Only root may read these.
ROOT_ONLY = ("product_serial", "product_uuid")
# What boards say that were never told who they are.
_UNTOLD = re.compile(
    r"to be filled by o\.?e\.?m\.?|default string|system (manufacturer|product name|serial number)|not specified|none|n/a|0+|x+", re.IGNORECASE
)
_SECRET_WORD = re.compile(r"(?i)(pass(word|wd|phrase)?|secret|token|credential|auth|key)")
_USER_INFO = re.compile(r"(//)[^/@\s]+@")
# The words of netroot=iscsi:USER:PASSWORD@... and of the like (dracut.cmdline(7)).
_ISCSI = re.compile(r"(iscsi:)[^@\s]+@")


def collect(source: Source) -> SystemFacts:
    system = _os_release(source.own_text("/etc/os-release") or source.own_text("/usr/lib/os-release") or "")
    if not system:
        source.miss("system.os", "/etc/os-release cannot be read")
    vendor = source.text(f"{DMI}/sys_vendor")
    if vendor is None:
        source.miss("system.dmi", f"{DMI}/sys_vendor {source.why_unreadable(f'{DMI}/sys_vendor')}: there is no SMBIOS to read the machine's model from")
    dmi = {name: _told(source.text(f"{DMI}/{name}")) for name in ("product_name", "bios_vendor", "bios_version", "bios_date", *ROOT_ONLY)}
    if vendor is not None and source.text(f"{DMI}/product_serial") is None:
        source.miss("system.serial", f"{DMI}/product_serial {source.why_unreadable(f'{DMI}/product_serial')}")
    command_line = source.text("/proc/cmdline")
    return SystemFacts(
        hostname=source.own_text("/proc/sys/kernel/hostname"),
        manufacturer=_told(vendor),
        product=dmi["product_name"],
        serial=dmi["product_serial"],
        uuid=dmi["product_uuid"],
        bios_vendor=dmi["bios_vendor"],
        bios_version=dmi["bios_version"],
        bios_date=dmi["bios_date"],
        os_id=system.get("ID"),
        os_version=system.get("VERSION_ID"),
        os_name=system.get("PRETTY_NAME"),
        kernel=source.own_text("/proc/sys/kernel/osrelease"),
        command_line=without_secrets(command_line) if command_line else None,
    )


def without_secrets(command_line: str) -> str:
    """Return a kernel's command line with the values of what may be a secret left out."""
    words = []
    for word in command_line.split():
        name, equals, _value = word.partition("=")
        hidden = f"{name}=..." if equals and _SECRET_WORD.search(name) else word
        words.append(_ISCSI.sub(r"\1...@", _USER_INFO.sub(r"\1...@", hidden)))
    return " ".join(words)


def _told(text: str | None) -> str | None:
    return None if text is None or _UNTOLD.fullmatch(text) else text


def _os_release(text: str) -> dict[str, str]:
    """Read the format of os-release(5) as far as distributions use it: a name, ``=``, and a value that may be in quotes."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value for name, _equals, quoted in pairs for value in (quoted.strip().strip("\"'"),) if value}
