# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The health checks that every node has: few, quick, and about the node alone.

A check takes what ``/etc/railyard/node.json`` says, a Runner and the seconds it may take. It returns nothing where the
node is healthy or the check does not concern it, and else the reason in a few words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..runner import Runner

LOCAL_REASON = "/run/railyard/unhealthy"

Check = Callable[[Mapping[str, Any], Runner, float], str]


def gpu_count(node: Mapping[str, Any], runner: Runner, timeout_s: float) -> str:
    """Do as many GPUs answer as the hardware class declares?"""
    gpus = (node.get("hardware") or {}).get("gpus") or {}
    expected = int(gpus.get("count", 0))
    if not expected or gpus.get("vendor", "nvidia") != "nvidia":
        return ""
    result = runner.run(["nvidia-smi", "-L"], timeout_s)
    if result.rc == 127:
        return f"{expected} GPUs expected, nvidia-smi is not installed"
    if result.rc == 124:
        return f"{expected} GPUs expected, nvidia-smi -L gave no answer in {timeout_s:.0f} s"
    lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    found = [line for line in lines if re.match(r"GPU \d+: ", line)]
    others = [line for line in lines if line not in found and not line.startswith("MIG ")]
    if len(found) == expected and not others:
        return ""
    return f"{expected} GPUs expected, {len(found)} answer" + (f": {others[0]}" if others else "")


def disk_space(node: Mapping[str, Any], runner: Runner, timeout_s: float) -> str:
    """Is there room for files on the node's own file systems?"""
    disk = (node.get("health") or {}).get("disk") or {}
    paths, limit = list(disk.get("paths", [])), int(disk.get("used_percent_max", 97))
    if not paths:
        return ""
    result = runner.run(["df", "--output=pcent,ipcent,target", "--", *paths], timeout_s)
    if result.rc == 124:
        return f"df gave no answer in {timeout_s:.0f} s, a file system hangs"
    for line in result.stdout.splitlines()[1:]:
        blocks, inodes, target = ([*line.split(None, 2), "", ""])[:3]
        for used, what in ((blocks, "full"), (inodes, "out of inodes")):
            if used[:-1].isdigit() and int(used[:-1]) > limit:
                return f"{target} is {used} {what}, {limit}% is the limit"
    return result.stderr.strip().splitlines()[0] if result.rc and result.stderr.strip() else ""


def local_reason(node: Mapping[str, Any], runner: Runner, timeout_s: float) -> str:
    """Did a prolog or an epilog, which may not call Slurm, leave a reason?"""
    try:
        lines = runner.read(LOCAL_REASON).splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in lines if line.strip()), f"{LOCAL_REASON} exists and gives no reason")


BUILT_IN: dict[str, Check] = {"local_reason": local_reason, "gpu_count": gpu_count, "disk_space": disk_space}
