# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How one lab node is run: the systemd-nspawn command line and the script that keeps it going."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from .spec import LabNode, LabSpec

# systemd-nspawn ends with this status when the machine inside asked for a reboot.
REBOOT_STATUS = 133
# Where a node finds, read-only, what the lab's host shares with all of its nodes.
SHARE = "/usr/local/lib/lab/share"
CGROUP_ROOT = "/sys/fs/cgroup"
# v1 hierarchies in which each node needs a group of its own on a mixed host: the v2 tree and systemd's own, for the
# node's systemd, and every controller that Slurm's cgroup/v1 plugin touches.
MIXED_HIERARCHIES = ("systemd", "unified", "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")


def nspawn_command(spec: LabSpec, node: LabNode, root: str, share: str) -> list[str]:
    """The command that boots the node from its root tree inside its network namespace.

    systemd-nspawn is started in the namespace rather than told its path: only then is /sys/class/net the node's own.
    """
    return [
        "nsenter",
        f"--net=/run/netns/{spec.namespace(node)}",
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--boot",
        f"--directory={root}",
        f"--machine={node.name}",
        f"--bind-ro={share}:{SHARE}",
        "--capability=CAP_NET_ADMIN",
        "--resolv-conf=off",
        "--timezone=off",
        "--console=pipe",
    ]


def cgroup_folders(spec: LabSpec, node: LabNode, hierarchies: Sequence[str]) -> list[str]:
    """The node's own group in each hierarchy of a mixed host."""
    return [f"{CGROUP_ROOT}/{name}/railyard/{spec.name}/{node.name}" for name in hierarchies]


def launch_script(spec: LabSpec, node: LabNode, *, root: str, share: str, pid_file: str, console: str, hierarchies: Sequence[str]) -> str:
    """A shell script that enters the node's groups, boots it, and boots it again whenever it reboots itself.

    ``hierarchies`` is empty where systemd delegates a group of the v2 tree to the script's unit.
    """
    join = [
        f"for group in {' '.join(shlex.quote(path) for path in cgroup_folders(spec, node, hierarchies))}; do",
        '  mkdir -p "$group"',
        '  case "$group" in',
        f"    {CGROUP_ROOT}/cpuset/*)",
        f'      path={CGROUP_ROOT}/cpuset; rest="${{group#{CGROUP_ROOT}/cpuset/}}"',
        '      while [ -n "$rest" ]; do',
        '        parent="$path"; path="$path/${rest%%/*}"',
        '        case "$rest" in */*) rest="${rest#*/}" ;; *) rest="" ;; esac',
        '        cat "$parent/cpuset.cpus" > "$path/cpuset.cpus"; cat "$parent/cpuset.mems" > "$path/cpuset.mems"',
        "      done ;;",
        "  esac",
        '  echo $$ > "$group/cgroup.procs"',
        "done",
    ]
    command = " ".join(shlex.quote(word) for word in nspawn_command(spec, node, root, share))
    return "\n".join(
        [
            "#!/bin/sh",
            "set -e",
            *(join if hierarchies else []),
            f"echo $$ > {shlex.quote(pid_file)}",
            "export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
            "set +e",
            "while :; do",
            f"  {command} < /dev/null >> {shlex.quote(console)} 2>&1",
            f"  [ $? -eq {REBOOT_STATUS} ] || exit 0",
            "done",
            "",
        ]
    )


def overlay_options(lower: Sequence[str], upper: str, work: str) -> str:
    """Mount options for a node's root: ``lower`` from the topmost layer down to the base image.

    ``volatile`` skips every sync: a lab that loses its host is made again, not repaired.
    """
    return f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},volatile"
