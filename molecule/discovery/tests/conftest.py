# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import testinfra
from lab.cluster import REPOSITORY, Cluster, until

DISCOVERED = REPOSITORY / "inventories" / "lab_discovered"
Host = testinfra.host.Host


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(scope="session")
def host_of(cluster: Cluster) -> Callable[[str], Host]:
    """A node, as testinfra sees it."""
    return lambda name: testinfra.get_host(f"ssh://{name}", ssh_config=str(cluster.ssh_config))


def discover(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Discover the lab by its BMCs, its fabric and its nodes: the exit status, and the document."""
    command = [Path(sys.executable).with_name("railyard"), "discover", "-i", DISCOVERED, "--json", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="session")
def whole() -> tuple[int, dict[str, Any]]:
    """What is discovered of a lab without a fault."""
    return discover()


@pytest.fixture(scope="module")
def broken(cluster: Cluster, whole: tuple[int, dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """What is discovered of a lab with a dead BMC, a lost GPU, and two cables of the fabric that failed."""
    try:
        cluster.lab("fail", target="bmc:node3")
        cluster.lab("fail", target="node4:mlx5_1")
        cluster.lab("fail", target="leaf1-rail0:spine2")
        cluster.on("node2", "railyard-simulator fault gpu_lost 1").ok()
        yield discover()
    finally:
        cluster.on("node2", "railyard-simulator heal").ok()
        cluster.lab("heal", target="all")
        until("all nodes idle again", lambda: all_idle_again(cluster))


def all_idle_again(cluster: Cluster) -> bool:
    """Whether all nodes are idle. One that its health check has drained meanwhile is resumed: what it was drained for is mended."""
    for node in ("node1", "node2", "node3", "node4"):
        if "drain" in cluster.node_state(node):
            cluster.controller(f"scontrol update nodename={node} state=resume")
    return cluster.all_idle()
