# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
import testinfra
from lab.cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(params=["ctl1", "login1", "node1"])
def node(request: pytest.FixtureRequest, cluster: Cluster) -> testinfra.host.Host:
    """A node of each kind, as testinfra sees it."""
    return testinfra.get_host(f"ssh://{request.param}", ssh_config=str(cluster.ssh_config))
