# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action is a thin edge: what it takes from the inventory, and the library's errors as they are."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.railyard.cluster.plugins.action.slurm_plan import ActionModule

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
    "jwt_key_length": 0,
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


def work_out(hostvars: HostVars, hosts: list[str], classes: dict[str, t.Any] | None = None, **changes: t.Any) -> dict[str, t.Any]:
    action = ActionModule.__new__(ActionModule)
    action._task = t.cast(
        t.Any, types.SimpleNamespace(args={"variables": {**VARIABLES, **changes}, "hardware_classes": classes}, async_val=0, check_mode=False)
    )
    action._connection = t.cast(t.Any, types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None)))
    action._play_context = t.cast(t.Any, types.SimpleNamespace(check_mode=False))
    return action.run(task_vars={"groups": GROUPS, "hostvars": hostvars, "ansible_play_hosts_all": hosts})


def test_only_hosts_of_this_run_and_one_of_each_nodeset_are_looked_at() -> None:
    hostvars = HostVars("h100_sxm_8")
    result = work_out(hostvars, ["ctl1", "node50", "node51"])
    assert hostvars.asked == ["node1", "node50", "node51"]
    assert result["changed"] is False
    assert result["version"] == "24.11"
    assert result["conf_server"] == "ctl1:6817"
    assert result["accounting"] is False
    assert result["sackd"] is True
    assert set(result["slurmd_digests"]) == {"h100"}


def test_the_sites_classes_count() -> None:
    text = work_out(HostVars("h100_sxm_8"), [], {"h100_sxm_8": {"memory_mib": 1000}})["files"]["slurm.conf"]
    assert "RealMemory=950 " in text


def test_files_as_they_are_written() -> None:
    entries = {entry["path"]: entry for entry in work_out(HostVars("h100_sxm_8"), [])["entries"]}
    assert entries["/etc/slurm/topology.yaml"] == {"path": "/etc/slurm/topology.yaml", "state": "absent"}
    assert set(entries["/etc/slurm/gres.conf"]) == {"path", "content"}
    assert entries["/etc/slurm/slurm.conf"]["validate"].startswith(
        'sh -c \'export SLURM_CONF=$0; case "$(scontrol -V)" in *" 24.11."*) exec scontrol show hostnames ok;;'
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"nodesets": [{"name": "h100", "group": "gpus"}]},
            "slurm_nodesets[0].group: the inventory has no group 'gpus'. Did you mean gpu?",
        ),
        (
            {"config": {"FastSchedule": 1}},
            "slurm_config: FastSchedule is gone, and this is 24.11. SlurmdParameters=config_overrides stands for FastSchedule=2.",
        ),
        ({"jwt": True, "jwt_key_length": 31}, "slurm_jwt_key: it is shorter than 32 bytes. Give secret_slurm_jwt_key a longer text."),
    ],
)
def test_what_is_wrong_is_one_sentence(changes: dict[str, t.Any], message: str) -> None:
    with pytest.raises(AnsibleActionFail) as caught:
        work_out(HostVars("h100_sxm_8"), [], **changes)
    assert str(caught.value) == message


def test_unknown_hardware_class() -> None:
    with pytest.raises(AnsibleActionFail, match="railyard_hardware_class: there is no hardware class 'h100_sxm_9'"):
        work_out(HostVars("h100_sxm_9"), [])


def test_host_of_another_class_than_its_nodeset() -> None:
    hostvars = HostVars("h100_sxm_8")
    hostvars["node51"] = {"railyard_hardware_class": "l40s_4"}
    work_out(hostvars, ["node50"])
    with pytest.raises(AnsibleActionFail) as caught:
        work_out(hostvars, ["node50", "node51"])
    assert str(caught.value) == (
        "railyard_hardware_class: host node51 has the hardware class 'l40s_4', but nodeset 'h100' is of class 'h100_sxm_8'. "
        "A nodeset has one class: make another nodeset, or correct the host."
    )
