# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a blank lab node is given before its first boot, and everything that only a container needs.

The roles know nothing of the lab. What a node of the lab needs besides (cgroup mounts, a clock that isn't its own,
device files without hardware) is here, as files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..simulator.profile import make_profile
from ..simulator.programs import TEST_PROGRAMS
from .fabric import Fabric
from .machine import SHARE
from .spec import CACHE_PORT, LabNode, LabSpec

# v1 controllers that Slurm's cgroup/v1 plugin uses; mounted in the node below /cgv1 (a mixed host only).
CGROUP_V1_CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer")
# Written last: the node has all of its seed.
MARK = "/etc/railyard-lab/seeded"
SIMULATOR = f"{SHARE}/simulator.pyz"
# Runs the InfiniBand tool that it is called as, against the simulated fabric.
INFINIBAND = f"{SHARE}/infiniband"
INFINIBAND_TOOLS = (
    "ibaddr",
    "iblinkinfo",
    "ibnetdiscover",
    "ibportstate",
    "ibqueryerrors",
    "ibroute",
    "ibstat",
    "ibtracert",
    "perfquery",
    "saquery",
    "sminfo",
    "smpquery",
)
NVIDIA_MAJOR = 195
NVIDIA_CTL_MINOR = 255


@dataclass(frozen=True)
class SeedFile:
    """A file of the node: absolute ``path`` in it, ``mode`` as a number; a symbolic link where ``link`` says to what."""

    path: str
    content: str | bytes = ""
    mode: int = 0o644
    link: str = ""


def seed_files(
    spec: LabSpec,
    node: LabNode,
    *,
    authorized_key: str,
    host_key: str,
    host_key_public: str,
    apt_sources: str,
    cgroup_v1: bool,
    hardware: Mapping[str, Any],
    fabric: Fabric,
) -> list[SeedFile]:
    """All files that make a copy of the base image this node of this lab."""
    files = [
        SeedFile("/etc/hostname", f"{node.name}\n"),
        SeedFile("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {node.name}\n"),
        SeedFile("/etc/machine-id", ""),
        SeedFile("/root/.ssh/authorized_keys", authorized_key, 0o600),
        SeedFile("/etc/ssh/ssh_host_ed25519_key", host_key, 0o600),
        SeedFile("/etc/ssh/ssh_host_ed25519_key.pub", host_key_public),
        # sshd answers on the management network alone.
        SeedFile(
            "/etc/ssh/sshd_config.d/lab.conf",
            f"ListenAddress {spec.management_address(node)}\nHostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n",
        ),
        SeedFile("/etc/apt/sources.list", apt_sources),
        SeedFile("/etc/apt/apt.conf.d/90lab", f'Acquire::http::Proxy "http://{spec.cache_address()}:{CACHE_PORT}";\nAcquire::Languages "none";\n'),
        SeedFile("/etc/dpkg/dpkg.cfg.d/lab", "force-unsafe-io\n"),
        SeedFile("/etc/systemd/system/lab-net-sysctl.service", _NET_SYSCTL),
        SeedFile("/etc/systemd/system/sysinit.target.wants/lab-net-sysctl.service", link="../lab-net-sysctl.service"),
        SeedFile("/etc/systemd/system/chrony.service.d/lab.conf", _CHRONY),
        SeedFile("/etc/systemd/system/slurmd.service.d/lab.conf", _SLURMD),
        SeedFile("/usr/local/lib/lab/slurmd", _SLURMD_WRAPPER, 0o755),
    ]
    if cgroup_v1:
        mounts = "\n".join(f"ExecStart=/usr/local/lib/lab/mount-cgroup {name}" for name in CGROUP_V1_CONTROLLERS)
        files += [
            SeedFile("/usr/local/lib/lab/mount-cgroup", _MOUNT_CGROUP, 0o755),
            SeedFile("/etc/systemd/system/lab-cgroups.service", _CGROUPS.format(mounts=mounts)),
            SeedFile("/etc/systemd/system/slurmd.service.d/lab-cgroups.conf", "[Unit]\nWants=lab-cgroups.service\nAfter=lab-cgroups.service\n"),
        ]
    gpus = int(hardware.get("gpus", {}).get("count", 0))
    if gpus:
        lines = [f"c /dev/nvidia{minor} 0666 root root - {NVIDIA_MAJOR}:{minor}" for minor in range(gpus)]
        lines.append(f"c /dev/nvidiactl 0666 root root - {NVIDIA_MAJOR}:{NVIDIA_CTL_MINOR}")
        profile = make_profile(hardware, node.name, node.hardware_class)
        files += [
            SeedFile("/etc/tmpfiles.d/lab-gpus.conf", "\n".join(lines) + "\n"),
            SeedFile("/etc/railyard-lab/hardware.json", json.dumps(profile, indent=2) + "\n"),
            *(SeedFile(f"/usr/local/bin/{name}", link=SIMULATOR) for name in ("nvidia-smi", "lspci", "railyard-simulator", *TEST_PROGRAMS)),
            SeedFile("/etc/systemd/system/lab-hardware.service", _HARDWARE),
            SeedFile("/etc/systemd/system/multi-user.target.wants/lab-hardware.service", link="../lab-hardware.service"),
        ]
    if fabric.cables:
        rating = fabric.rating()
        lines = [f"server {spec.fabric_address()}", f"made_for {rating.width} {rating.lane_gbits_per_s}"]
        lines += [f"hca {name} {there}" for name, there in fabric.attachment(node.name)]
        files.append(SeedFile("/etc/railyard-lab/fabric", "\n".join(lines) + "\n"))
        files += [SeedFile(f"/usr/local/bin/{name}", link=INFINIBAND) for name in INFINIBAND_TOOLS]
    files.append(SeedFile(MARK))
    return files


# net.* belongs to the node's own namespace, but a container's /proc/sys is read-only as a whole.
_NET_SYSCTL = """\
[Unit]
Description=Writable net.* settings
DefaultDependencies=no
Before=systemd-sysctl.service sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=mount --bind /proc/sys/net /proc/sys/net
ExecStart=mount -o remount,bind,rw /proc/sys/net
"""

# The clock is the host's: chronyd runs without touching it.
_CHRONY = """\
[Unit]
ConditionCapability=
[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd $DAEMON_OPTS -x
"""

# A container shows its host's boot time, so slurmctld can't see that the node was rebooted: slurmd says so itself.
_SLURMD = """\
[Service]
ExecStart=
ExecStart=/usr/local/lib/lab/slurmd --systemd $SLURMD_OPTIONS
"""

_SLURMD_WRAPPER = """\
#!/bin/sh
if [ -e /run/lab-slurmd-started ]; then exec /usr/sbin/slurmd "$@"; fi
touch /run/lab-slurmd-started
exec /usr/sbin/slurmd -b "$@"
"""

# The files of the simulated hardware follow from its profile. They are there before anybody can look.
_HARDWARE = """\
[Unit]
Description=Files of the simulated hardware
Before=ssh.service slurmd.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/bin/railyard-simulator render
"""

_MOUNT_CGROUP = """\
#!/bin/sh
mkdir -p "/cgv1/$1" && { mountpoint -q "/cgv1/$1" || mount -t cgroup -o "$1" none "/cgv1/$1"; }
"""

_CGROUPS = """\
[Unit]
Description=cgroup v1 controllers for Slurm
[Service]
Type=oneshot
RemainAfterExit=yes
{mounts}
"""
