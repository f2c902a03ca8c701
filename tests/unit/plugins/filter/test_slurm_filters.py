# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters of Slurm are thin edges: what they take from the inventory, and the library's errors as Ansible's."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.filter import slurm_configuration, slurm_database_configuration, slurm_nodeset

CONFIGURATION = slurm_configuration.FilterModule().filters()["slurm_configuration"]
NODESET = slurm_nodeset.FilterModule().filters()["slurm_nodeset"]
DATABASE = slurm_database_configuration.FilterModule().filters()["slurm_database_configuration"]

NODES = [f"node{number}" for number in range(1, 101)]
GROUPS = {"slurm_controller": ["ctl1"], "slurm_compute": NODES, "gpu": NODES}
VARIABLES: dict[str, t.Any] = {
    "version": "24.11",
    "cluster_name": "main",
    "nodesets": [{"name": "h100", "group": "gpu"}],
    "partitions": [{"name": "gpu", "nodesets": "all"}],
    "memory_fraction": 0.95,
    "gres_autodetect": "auto",
    "gres_lines": [],
    "topology": {},
    "health_check_program": "",
    "srun_ports": "",
    "accounting_enforce": [],
    "jwt": False,
    "config": {},
    "cgroup_config": {},
    "mpi_config": {},
}


class HostVars(dict[str, dict[str, str]]):
    """hostvars that note which hosts were looked at."""

    def __init__(self, hardware_class: str) -> None:
        super().__init__({node: {"railyard_hardware_class": hardware_class} for node in NODES})
        self.asked: list[str] = []

    def __getitem__(self, host: str) -> dict[str, str]:
        self.asked.append(host)
        return super().__getitem__(host)


def test_one_host_of_a_nodeset_is_asked_for_its_class() -> None:
    hostvars = HostVars("h100_sxm_8")
    result = CONFIGURATION(VARIABLES, GROUPS, hostvars)
    assert hostvars.asked == ["node1"]
    assert result["hardware_classes"] == {"h100": "h100_sxm_8"}
    assert result["accounting"] is False
    assert result["sackd"] is True
    assert set(result["slurmd_digests"]) == {"h100"}


def test_the_sites_classes_count() -> None:
    classes = {"h100_sxm_8": {"memory_mib": 1000}}
    text = CONFIGURATION(VARIABLES, GROUPS, HostVars("h100_sxm_8"), classes)["files"]["slurm.conf"]
    assert "RealMemory=950 " in text


@pytest.mark.parametrize(
    ("changes", "hardware_class", "message"),
    [
        ({"nodesets": [{"name": "h100", "group": "gpus"}]}, "h100_sxm_8", "slurm_nodesets[0].group: the inventory has no group 'gpus'. Did you mean gpu?"),
        ({}, "h100_sxm_9", "railyard_hardware_class: there is no hardware class 'h100_sxm_9'."),
        ({"config": {"FastSchedule": 1}}, "h100_sxm_8", "slurm_config: FastSchedule is gone, and this is 24.11."),
    ],
)
def test_configuration_that_is_wrong(changes: dict[str, t.Any], hardware_class: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        CONFIGURATION({**VARIABLES, **changes}, GROUPS, HostVars(hardware_class))
    assert message in str(caught.value)


def test_nodeset() -> None:
    nodesets = VARIABLES["nodesets"]
    assert NODESET("node1", nodesets, ["gpu"]) == "h100"
    assert NODESET("node1", nodesets, ["gpu"], "", {"h100": "h100_sxm_8"}) == "h100"
    with pytest.raises(AnsibleFilterError, match="host node1 has the hardware class 'l40s_4', but nodeset 'h100' is of class 'h100_sxm_8'"):
        NODESET("node1", nodesets, ["gpu"], "l40s_4", {"h100": "h100_sxm_8"})
    with pytest.raises(AnsibleFilterError, match="host node1 is in no nodeset"):
        NODESET("node1", nodesets, ["cpu"])


def test_database() -> None:
    values = {"version": "24.11", "hosts": ["db1.example"], "password": "secret", "user": "slurm", "name": "acct", "host": "localhost", "jwt": False}
    assert "DbdHost=db1\n" in DATABASE({**values, "config": {}})
    with pytest.raises(AnsibleFilterError, match=r"DisableCoordDBD is known from Slurm 24\.05 on"):
        DATABASE({**values, "version": "23.11", "config": {"DisableCoordDBD": True}})
