# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What which Slurm can do: versions are read, boundaries are where the sources say, keys of other releases are refused."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.features import FEATURES, PARAMETERS, Version, check, has, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("24.11", Version(24, 11)),
        (24.11, Version(24, 11)),
        ("24.11.5", Version(24, 11)),
        ("slurm-wlm 22.05.8", Version(22, 5)),
        ("slurm 26.05.3", Version(26, 5)),
        ("slurm 23.11.10-2", Version(23, 11)),
        ("27.05", Version(27, 5)),
    ],
)
def test_version(text: object, version: Version) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a Slurm version such as '24.11'. Write slurm_version in quotes."),
        ("latest", "'latest' is not a Slurm version such as '24.11'. Write slurm_version in quotes."),
        ("24", "'24' is not a Slurm version such as '24.11'. Write slurm_version in quotes."),
        ("21.08.5", "Slurm 21.08 is older than 22.05, the oldest that Railyard configures. Install a newer Slurm (slurm_packages_source)."),
    ],
)
def test_version_that_is_none(text: str, message: str) -> None:
    with pytest.raises(CoreError) as caught:
        parse_version(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("feature", "first"),
    [
        ("health_check_nondrained_idle", "23.02"),
        ("reconfigure_makes_new_processes", "23.11"),
        ("sackd", "24.05"),
        ("gres_autodetect_nvidia", "24.11"),
        ("topology_yaml", "25.05"),
        ("cgroup_v1_is_deprecated", "25.05"),
    ],
)
def test_feature_begins_with_its_release(feature: str, first: str) -> None:
    releases = ["22.05", "23.02", "23.11", "24.05", "24.11", "25.05", "25.11", "26.05"]
    assert [release for release in releases if has(parse_version(release), feature)] == releases[releases.index(first) :]


@pytest.mark.parametrize(
    ("version", "file", "setting", "message"),
    [
        (
            "22.05",
            "slurm.conf",
            ("FastSchedule", "1"),
            "x: FastSchedule is gone, and this is 22.05. SlurmdParameters=config_overrides stands for FastSchedule=2.",
        ),
        (
            "24.11",
            "slurm.conf",
            ("NamespaceType", "namespace/tmpfs"),
            "x: NamespaceType is known from Slurm 25.11 on, and this is 24.11. Write JobContainerType=job_container/tmpfs.",
        ),
        (
            "25.11",
            "slurm.conf",
            ("JobContainerType", "job_container/tmpfs"),
            "x: JobContainerType is gone since Slurm 25.11, and this is 25.11. Write NamespaceType=namespace/tmpfs.",
        ),
        ("24.11", "cgroup.conf", ("CgroupAutomount", "YES"), "x: CgroupAutomount is gone since Slurm 23.11, and this is 24.11. Slurm mounts what it needs."),
        (
            "23.11",
            "slurm.conf",
            ("selecttype", "select/cons_res"),
            "x: selecttype=select/cons_res is gone since Slurm 23.11, and this is 23.11. select/cons_tres does the same.",
        ),
        (
            "24.11",
            "gres.conf",
            ("AutoDetect", "full"),
            "x: AutoDetect=full is known from Slurm 26.05 on, and this is 24.11. Remove it, or change slurm_version.",
        ),
        ("26.05", "slurm.conf partition", ("ExclusiveTopo", "YES"), "x: ExclusiveTopo is gone since Slurm 26.05, and this is 26.05. Write Exclusive=TOPO."),
        (
            "23.11",
            "slurm.conf partition",
            ("ExclusiveTopo", "YES"),
            "x: ExclusiveTopo is known from Slurm 24.05 on, and this is 23.11. Remove it, or change slurm_version.",
        ),
        (
            "22.05",
            "slurm.conf",
            ("PrologFlags", "Alloc,RunInJob"),
            "x: PrologFlags=RunInJob is known from Slurm 24.05 on, and this is 22.05. Remove it, or change slurm_version.",
        ),
    ],
)
def test_setting_of_another_release(version: str, file: str, setting: tuple[str, str], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        check(parse_version(version), file, [setting], "x")
    assert str(caught.value) == message


def test_settings_of_this_release() -> None:
    check(parse_version("24.11"), "slurm.conf", [("JobContainerType", "job_container/tmpfs"), ("PrologFlags", "Contain,RunInJob")], "x")
    check(parse_version("26.05"), "slurm.conf partition", [("Exclusive", "NODE")], "x")
    check(parse_version("22.05"), "cgroup.conf", [("CgroupAutomount", "YES")], "x")


def test_tables_are_sound() -> None:
    for span in [*FEATURES.values(), *(span for table in PARAMETERS.values() for span in table.values())]:
        assert span.until is None or span.since < span.until or span.until == Version(22, 5)
    assert all(key == key.lower() for table in PARAMETERS.values() for key in table)
