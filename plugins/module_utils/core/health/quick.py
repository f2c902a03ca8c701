# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks that Slurm's HealthCheckProgram always runs: few, quick, and about the node alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import CoreError
from ..facts.source import MISSING_RC, TIMEOUT_RC
from ..parse.values import whole
from .desired import Desired
from .model import Found
from .seen import Seen

LOCAL_REASON = "/run/railyard/unhealthy"
LIST = ("nvidia-smi", "-L")
DISK_USED_PERCENT_MAX = 97


def gpu_count(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Do as many GPUs answer as the hardware class declares?"""
    expected = desired.count("gpus")
    if not desired.is_nvidia:
        return
    result = seen.run(*LIST)
    if result.rc == MISSING_RC:
        yield Found("fail", f"{expected} GPUs expected, nvidia-smi is not installed", expected)
        return
    if result.rc == TIMEOUT_RC:
        yield Found("fail", f"{expected} GPUs expected, nvidia-smi -L gave no answer in {seen.timeout_s:.0f} s", expected)
        return
    lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    found = [line for line in lines if re.match(r"GPU \d+: ", line)]
    others = [line for line in lines if line not in found and not line.startswith("MIG ")]
    if len(found) == expected and not others:
        yield Found("pass", "", expected, expected)
        return
    yield Found("fail", f"{expected} GPUs expected, {len(found)} answer" + (f": {others[0]}" if others else ""), expected, len(found))


def disk_space(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Is there room for files on the node's own file systems?"""
    disk = desired.mapping("disk")
    paths, limit = list(disk.get("paths", [])), disk.get("used_percent_max", DISK_USED_PERCENT_MAX)
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise CoreError(f"{limit!r} is not a whole number.", where="node.health.disk.used_percent_max", hint="Write it without quotes.")
    if not paths:
        return
    result = seen.run("df", "--output=pcent,ipcent,target", "--", *map(str, paths))
    if result.rc == TIMEOUT_RC:
        yield Found("fail", f"df gave no answer in {seen.timeout_s:.0f} s, a file system hangs", limit, unit="%")
        return
    fullest: int | None = None
    for line in result.stdout.splitlines()[1:]:
        blocks, inodes, target = [*line.split(None, 2), "", "", ""][:3]
        for used, what in ((blocks, "full"), (inodes, "out of inodes")):
            percent = whole(used, "%")
            fullest = max(fullest or 0, percent or 0) if percent is not None else fullest
            if percent is not None and percent > limit:
                yield Found("fail", f"{target} is {used} {what}, {limit}% is the limit", limit, percent, "%")
                return
    if result.rc and result.stderr.strip():
        yield Found("fail", result.stderr.strip().splitlines()[0], limit, unit="%")
        return
    if fullest is None:
        yield Found("inconclusive", f"df told nothing of {', '.join(map(str, paths))}", limit, unit="%")
        return
    yield Found("pass", "", limit, fullest, "%")


def local_reason(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Did a prolog or an epilog, which may not call Slurm, leave a reason?"""
    try:
        text = seen.read(LOCAL_REASON)
    except FileNotFoundError:
        yield Found("pass")
        return
    except OSError as error:
        yield Found("inconclusive", f"{LOCAL_REASON} cannot be read ({error.strerror})")
        return
    lines = text.splitlines()
    yield Found("fail", next((line.strip() for line in lines if line.strip()), f"{LOCAL_REASON} exists and gives no reason"))
