# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings of a running kernel and its command line: names to paths, values to compare."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Iterable, Sequence

from .errors import CoreError

_SYSCTL = re.compile(r"[A-Za-z0-9_]+([./][A-Za-z0-9_@:.-]+)+")
_ARGUMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:,=/@+%-]*")


def sysctl_path(name: str) -> str:
    """Return the file of a sysctl. As in sysctl.d(5): where the first separator is a slash, dots belong to the names."""
    if not _SYSCTL.fullmatch(name) or ".." in name:
        raise CoreError(f"{name!r} is not the name of a sysctl.", hint="Write it as in net.core.rmem_max.")
    slash, dot = name.find("/"), name.find(".")
    by_slash = slash != -1 and (dot == -1 or slash < dot)
    return "/proc/sys/" + (name if by_slash else name.translate(str.maketrans("./", "/.")))


def same_value(one: str, other: str) -> bool:
    """Whether two values mean the same: the kernel separates numbers by tabs."""
    return one.split() == other.split()


def is_optional(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def check_arguments(arguments: Sequence[str]) -> None:
    """Raise ``CoreError`` for a kernel argument that a boot loader's configuration could not carry unquoted."""
    for argument in arguments:
        if not _ARGUMENT.fullmatch(argument):
            raise CoreError(f"{argument!r} is not one kernel argument.", hint="Write one per item, without spaces and quotes, as in iommu=pt.")


def missing_arguments(wanted: Sequence[str], line: str) -> list[str]:
    """Return the arguments that a kernel command line doesn't have."""
    try:
        present = set(shlex.split(line))
    except ValueError:
        present = set(line.split())
    return [argument for argument in wanted if argument not in present]


def stale_entries(wanted: Sequence[str], grub_config: str) -> list[str]:
    """Return the kernels in a grub.cfg that would boot without one of the arguments."""
    stale = []
    for line in grub_config.splitlines():
        words = line.split(None, 2)
        if len(words) >= 2 and words[0] in ("linux", "linuxefi", "linux16") and missing_arguments(wanted, words[2] if len(words) > 2 else ""):
            stale.append(words[1])
    return stale


def grubby_entries(info: str) -> dict[str, str]:
    """Read ``grubby --info=ALL``: each kernel with its arguments."""
    entries: dict[str, str] = {}
    current = ""
    for key, _equals, value in (line.partition("=") for line in info.splitlines()):
        if key == "kernel":
            current = value.strip('"')
            entries[current] = ""
        elif key == "args" and current:
            entries[current] = value.strip('"')
    return entries
