# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What which Slurm can do, from 22.05 to 26.05: keyed by the release a thing came or went with, not by release.

Sources, named in the comments by these words:

- *NEWS*: the NEWS file of Slurm 24.11.5, by the release under whose heading the line stands.
- *man 22.05*, *man 24.11*, *man 26.05*: slurm.conf(5), cgroup.conf(5), gres.conf(5), topology.yaml(5), scontrol(1) of that release.
- *source*: the option tables in src/common/read_config.c and src/interfaces/cgroup.c of 22.05.8 and 24.11.5.
- *notes*: SchedMD's release notes of 25.05, 25.11 and 26.05.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import CoreError


class Version(NamedTuple):
    """A Slurm release; features follow the first two numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor:02d}"


OLDEST = Version(22, 5)
NEWEST = Version(26, 5)

_VERSION = re.compile(r"(?<![0-9.])([0-9]{2})\.([0-9]{2})(?:\.[0-9]+)?(?![0-9])")


def parse_version(text: object) -> Version:
    """Read ``24.11``, ``24.11.5`` or what ``slurmctld -V`` prints. A release after the newest we know counts as it."""
    match = _VERSION.search(str(text))
    if not match:
        raise CoreError(f"{str(text)!r} is not a Slurm version such as '24.11'.", hint="Write slurm_version in quotes.")
    version = Version(int(match.group(1)), int(match.group(2)))
    if version < OLDEST:
        raise CoreError(f"Slurm {version} is older than {OLDEST}, the oldest that Railyard configures.", hint="Install a newer Slurm (slurm_packages_source).")
    return version


class Span(NamedTuple):
    """The releases in which something is there: from ``since`` up to, but not with, ``until``."""

    since: Version = OLDEST
    until: Version | None = None
    instead: str = ""

    def holds(self, version: Version) -> bool:
        return self.since <= version and (self.until is None or version < self.until)


def _v(text: str) -> Version:
    return parse_version(text)


FEATURES: dict[str, Span] = {
    # scontrol(1): "Starting in 23.11, this command operates by creating new processes for the daemons". man 24.11
    "reconfigure_makes_new_processes": Span(_v("23.11")),
    # sackd is of 23.11; from 24.05 on it has a unit of its own, configless, and slurmctld pushes changes to it. NEWS, source
    "sackd": Span(_v("24.05")),
    # gpu_nvidia.so: reads /proc/driver/nvidia, needs no NVML; no MIG, no NVLink. NEWS 24.11
    "gres_autodetect_nvidia": Span(_v("24.11")),
    # "When the file exists, TopologyPlugin and topology.conf are ignored". notes 25.05, man 26.05
    "topology_yaml": Span(_v("25.05")),
    # topology/block. NEWS 23.11
    "topology_block": Span(_v("23.11")),
    # HealthCheckNodeState=NONDRAINED_IDLE. NEWS 23.02
    "health_check_nondrained_idle": Span(_v("23.02")),
    # Deprecated, still there in 26.05. notes 25.05
    "cgroup_v1_is_deprecated": Span(_v("25.05")),
    # PrologTimeout and EpilogTimeout beside PrologEpilogTimeout. notes 25.05
    "prolog_timeout": Span(_v("25.05")),
    # The tree of messages is 50 wide before, 16 after. NEWS 23.11
    "tree_width_16": Span(_v("23.11")),
}


def has(version: Version, feature: str) -> bool:
    """Say whether a Slurm has something of the table ``FEATURES``."""
    return FEATURES[feature].holds(version)


# Keys of the configuration files that are not in every release: file -> key in lower case -> when it is understood.
# A key that is not listed is taken as the site wrote it. ``until`` means that the daemons stop there (fatal, or a parsing
# error), or that they only complain of it (defunct): neither belongs in a file that we write.
PARAMETERS: dict[str, dict[str, Span]] = {
    "slurm.conf": {
        # Fatal in every release we know. source
        "fastschedule": Span(until=OLDEST, instead="SlurmdParameters=config_overrides stands for FastSchedule=2."),
        "sallocdefaultcommand": Span(until=OLDEST, instead="LaunchParameters=use_interactive_step stands for it."),
        "accountingstorejobcomment": Span(until=OLDEST, instead="AccountingStoreFlags=job_comment stands for it."),
        "accountingstorageloc": Span(until=OLDEST),
        # Defunct or unknown in 24.11, in use in 22.05. source, NEWS 23.11
        "schedulerauth": Span(until=OLDEST),
        "corespecplugin": Span(until=_v("23.11")),
        "extsensorsfreq": Span(until=_v("23.11")),
        "extsensorstype": Span(until=_v("23.11")),
        "jobcredentialprivatekey": Span(until=_v("23.11")),
        "jobcredentialpubliccertificate": Span(until=_v("23.11")),
        "powerparameters": Span(until=_v("23.11")),
        "powerplugin": Span(until=_v("23.11")),
        "slurmctldplugstack": Span(until=_v("23.11")),
        "launchtype": Span(until=_v("23.02"), instead="The launch plugins are gone."),
        "routeplugin": Span(until=_v("23.11"), instead="TopologyParam=RouteTree stands for route/topology."),
        "getenvtimeout": Span(until=_v("25.05")),
        "frontendname": Span(until=_v("25.05")),
        "accountingstorageuser": Span(until=_v("26.05")),
        # New keys. NEWS
        "maxbatchrequeue": Span(_v("23.02")),
        "suspendexcstates": Span(_v("23.02")),
        "preemptparameters": Span(_v("23.02")),
        "dataparserparameters": Span(_v("24.11")),
        # notes 25.05, 25.11, 26.05
        "prologtimeout": Span(_v("25.05"), instead="PrologEpilogTimeout is for both."),
        "epilogtimeout": Span(_v("25.05"), instead="PrologEpilogTimeout is for both."),
        "metricstype": Span(_v("25.11")),
        "namespacetype": Span(_v("25.11"), instead="Write JobContainerType=job_container/tmpfs."),
        "jobcontainertype": Span(until=_v("25.11"), instead="Write NamespaceType=namespace/tmpfs."),
        "metricsauthusers": Span(_v("26.05")),
    },
    "slurm.conf partition": {
        "maxcpuspersocket": Span(_v("23.02")),
        "powerdownonidle": Span(_v("23.02")),
        "exclusivetopo": Span(_v("24.05"), _v("26.05"), "Write Exclusive=TOPO."),
        "exclusiveuser": Span(until=_v("26.05"), instead="Write Exclusive=USER."),
        "exclusive": Span(_v("26.05"), instead="Write ExclusiveUser or ExclusiveTopo."),
        "topology": Span(_v("25.05")),
    },
    "slurm.conf node": {
        "restrictedcorespergpu": Span(_v("24.05")),
    },
    "cgroup.conf": {
        # NEWS 23.11: removed; since then "defunct, please remove it from cgroup.conf". source
        "cgroupautomount": Span(until=_v("23.11"), instead="Slurm mounts what it needs."),
        # NEWS 23.02: deprecated; 23.11: removed
        "allowedkmemspace": Span(until=_v("23.11")),
        "constrainkmemspace": Span(until=_v("23.11")),
        "maxkmempercent": Span(until=_v("23.11")),
        "minkmemspace": Span(until=_v("23.11")),
        "enablecontrollers": Span(_v("23.02")),
        "signalchildrenprocesses": Span(_v("23.11")),
        "systemdtimeout": Span(_v("24.05")),
        "enableextracontrollers": Span(_v("25.05")),
        "cgroupslice": Span(_v("25.11")),
    },
    "slurmdbd.conf": {
        "disablecoorddbd": Span(_v("24.05")),
    },
}

# Values that not every release takes: file, key in lower case, value in lower case -> when it is understood.
VALUES: dict[tuple[str, str, str], Span] = {
    ("slurm.conf", "selecttype", "select/cons_res"): Span(until=_v("23.11"), instead="select/cons_tres does the same."),  # NEWS 23.11
    ("slurm.conf", "topologyplugin", "topology/block"): FEATURES["topology_block"],
    ("slurm.conf", "prologflags", "forcerequeueonfail"): Span(_v("23.02")),  # NEWS 23.02
    ("slurm.conf", "prologflags", "runinjob"): Span(_v("24.05")),  # NEWS 24.05
    ("slurm.conf", "healthchecknodestate", "nondrained_idle"): FEATURES["health_check_nondrained_idle"],
    ("slurm.conf", "healthchecknodestate", "start_only"): Span(_v("25.11")),  # notes 25.11
    ("slurm.conf", "slurmctldparameters", "reconfig_on_restart"): Span(_v("25.11")),  # notes 25.11, man 26.05
    ("slurm.conf", "slurmctldparameters", "enable_job_state_cache"): Span(until=_v("26.05")),  # notes 26.05
    ("slurm.conf", "slurmctldparameters", "cloud_reg_addrs"): Span(until=_v("23.11"), instead="It is always on."),  # NEWS 23.11
    ("slurm.conf", "communicationparameters", "noaddrcache"): Span(until=_v("23.11")),  # NEWS 23.11
    ("gres.conf", "autodetect", "nvidia"): FEATURES["gres_autodetect_nvidia"],
    ("gres.conf", "autodetect", "full"): Span(_v("26.05")),  # notes 26.05
}


def check(version: Version, file: str, settings: Iterable[tuple[str, str]], where: str) -> None:
    """Refuse a key or value that this Slurm doesn't know, no longer knows, or stops at."""
    for key, value in settings:
        _check_span(version, PARAMETERS.get(file, {}).get(key.lower()), key, where)
        for word in value.split(","):
            _check_span(version, VALUES.get((file, key.lower(), word.strip().lower())), f"{key}={word.strip()}", where)


def _check_span(version: Version, span: Span | None, name: str, where: str) -> None:
    if span is None or span.holds(version):
        return
    hint = "" if version < span.since and span.until else span.instead
    when = f"is known from Slurm {span.since} on" if version < span.since else "is gone" if span.until == OLDEST else f"is gone since Slurm {span.until}"
    raise CoreError(f"{name} {when}, and this is {version}.", where=where, hint=hint or "Remove it, or change slurm_version.")
