# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.filter.slurm_ports import FilterModule

FILTER = FilterModule().filters()["slurm_ports"]


def test_ports() -> None:
    assert FILTER({"config": {"SlurmctldPort": 7000}}, ["slurm"])["slurmctld"] == ["7000"]


def test_a_mistake_is_told() -> None:
    with pytest.raises(AnsibleFilterError, match=r"slurm_config\.SlurmdPort: 'x' is neither a port nor a range of ports\."):
        FILTER({"config": {"SlurmdPort": "x"}}, [])
