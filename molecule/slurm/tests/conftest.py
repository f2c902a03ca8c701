# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.cluster import Cluster, until


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(autouse=True)
def quiet_cluster(cluster: Cluster) -> Iterator[None]:
    """Each test begins and ends with all nodes idle and no job anywhere."""
    until("all nodes idle before the test", cluster.all_idle)
    yield
    cluster.controller("scancel --user=alice; scancel --user=bob")
    until("all nodes idle after the test", cluster.all_idle)
