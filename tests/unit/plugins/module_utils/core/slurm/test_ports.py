# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where Slurm listens, as its variables say."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.ports import SRUN_PORTS, ports

REPOSITORY = pathlib.Path(__file__).resolve().parents[6]
USUAL = {"slurmctld": ["6817"], "slurmdbd": ["6819"], "slurmd": ["6818"], "sackd": ["6818"], "srun": ["60001-63000"]}
NODESETS = [
    {"name": "old", "group": "old"},
    {"name": "new", "group": "new", "config": {"Weight": 5, "port": 7018}},
    {"name": "many", "group": "many", "config": {"Port": "[7001-7004]"}},
    {"name": "none", "group": "none", "config": {"Port": "omit"}},
]


def test_the_usual_ones_where_nothing_is_said() -> None:
    assert ports({}, []) == USUAL
    silent = {"config": {"KillWait": 30}, "config_extra": {}, "database_config": {"DebugLevel": "debug"}, "nodesets": NODESETS, "srun_ports": None}
    assert ports(silent, ["slurm_compute", "old"]) == USUAL


def test_srun_s_range_is_the_one_that_role_slurm_has_by_default() -> None:
    defaults = yaml.safe_load((REPOSITORY / "roles/slurm/defaults/main.yml").read_text())
    assert defaults["slurm_srun_ports"] == SRUN_PORTS


@pytest.mark.parametrize(
    ("variables", "changed"),
    [
        ({"config": {"SlurmctldPort": 7000}}, {"slurmctld": ["7000"]}),
        ({"config": {"slurmctldport": "7000-7003"}}, {"slurmctld": ["7000-7003"]}),
        ({"config": {"SlurmctldPort": 7000}, "config_extra": {"SLURMCTLDPORT": 7001}}, {"slurmctld": ["7001"]}),
        ({"config": {"SlurmctldPort": 7000}, "config_extra": {"SlurmctldPort": "omit"}}, {}),
        ({"config": {"SlurmdPort": 7018}}, {"slurmd": ["7018"], "sackd": ["7018"]}),
        ({"config": {"SlurmdPort": "omit", "DbdPort": 7019}}, {}),
        ({"database_config": {"DbdPort": 7019, "SlurmdPort": 1}}, {"slurmdbd": ["7019"]}),
        ({"srun_ports": "61000-61999"}, {"srun": ["61000-61999"]}),
        ({"srun_ports": "61000-61999", "config": {"SrunPortRange": "62000-62999"}}, {"srun": ["62000-62999"]}),
        # Without a range the kernel chooses.
        ({"srun_ports": ""}, {"srun": ["32768-60999"]}),
        ({"config": {"SrunPortRange": "omit"}}, {"srun": ["32768-60999"]}),
    ],
)
def test_what_is_said(variables: dict[str, t.Any], changed: dict[str, list[str]]) -> None:
    assert ports(variables, ["slurm_compute"]) == {**USUAL, **changed}


@pytest.mark.parametrize(
    ("groups", "slurmd"),
    [
        (["old"], ["7000"]),
        (["slurm_compute", "new"], ["7018"]),
        (["many"], ["7001-7004"]),
        (["none"], ["7000"]),
        ([], ["7000"]),
    ],
)
def test_a_nodeset_s_own_port(groups: list[str], slurmd: list[str]) -> None:
    assert ports({"config": {"SlurmdPort": 7000}, "nodesets": NODESETS}, groups) == {**USUAL, "slurmd": slurmd, "sackd": ["7000"]}


def test_each_node_s_port_in_one_line() -> None:
    assert ports({"nodesets": [{"name": "x", "group": "x", "config": {"Port": "[7001,7005-7006]"}}]}, ["x"])["slurmd"] == ["7001", "7005-7006"]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"config": {"slurmctldPort": "http"}}, "slurm_config.slurmctldPort: 'http' is neither a port nor a range of ports. Write 6817 or 60001-63000."),
        # To a packet filter no port would mean all of them.
        ({"config_extra": {"SlurmdPort": ""}}, "slurm_config_extra.SlurmdPort: '' is neither"),
        ({"database_config": {"DbdPort": None}}, "slurm_database_config.DbdPort: 'None' is neither"),
        ({"database_config": {"DbdPort": 0}}, "slurm_database_config.DbdPort: '0' is neither"),
        ({"config": {"SrunPortRange": "63000-60001"}}, "slurm_config.SrunPortRange: '63000-60001' is neither"),
        ({"srun_ports": "60001-65536"}, "slurm_srun_ports: '60001-65536' is neither"),
        ({"nodesets": [NODESETS[0], {"group": "old", "config": {"Port": "[1-]"}}]}, "slurm_nodesets[1].config.Port: '[1-]' is neither"),
    ],
)
def test_what_cannot_be_a_port(variables: dict[str, t.Any], message: str) -> None:
    with pytest.raises(CoreError) as error:
        ports(variables, ["old"])
    assert str(error.value).startswith(message)


class Touchy(dict[str, t.Any]):
    """A dict of Ansible's, whose values are worked out when they are looked at; one needs a variable that only role slurm has."""

    def __getitem__(self, key: str) -> t.Any:
        assert key in ("SlurmctldPort", "Port"), key
        return super().__getitem__(key)


def test_other_settings_are_not_looked_at() -> None:
    nodesets = [{"group": "x", "config": Touchy(Port=7018, Comment="{{ slurm_cluster_name }}")}]
    found = ports({"config": Touchy(SlurmctldPort=7000, Comment="{{ slurm_cluster_name }}"), "nodesets": nodesets}, ["x"])
    assert found == {**USUAL, "slurmctld": ["7000"], "slurmd": ["7018"]}


@pytest.mark.parametrize("variables", [{"config": None, "nodesets": None}, {"config": [], "nodesets": ["x", 3]}, {"nodesets": [{"group": "x", "config": 4}]}])
def test_what_role_slurm_refuses_is_left_to_it(variables: dict[str, t.Any]) -> None:
    assert ports(variables, ["x"]) == USUAL
