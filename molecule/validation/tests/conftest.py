# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.cluster import Cluster, until
from lab.validation import COMPUTE


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(autouse=True)
def mended(cluster: Cluster) -> Iterator[None]:
    """Each test leaves the lab as it found it."""
    yield
    cluster.lab("heal", target="all")
    for node in COMPUTE:
        until(f"{node} answers", lambda node=node: cluster.on(node, "true").rc == 0)
        cluster.on(node, "railyard-simulator heal").ok()

    def all_idle() -> bool:
        for node in COMPUTE:
            if cluster.node_state(node) not in ("idle", "unknown"):
                cluster.controller(f"scontrol update nodename={node} state=resume")
        return cluster.all_idle()

    until("all nodes idle again", all_idle)
