# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a generated network, through ibnetdiscover's text, to a fabric."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark.fabric_generator import Network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import from_discovery
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibnetdiscover import parse

REPOSITORY = Path(__file__).resolve().parents[6]
RECORDINGS = Path(os.environ.get("RAILYARD_FIXTURES", REPOSITORY.parent / "shared" / "fixtures"))


@pytest.fixture(scope="session")
def fabric_of() -> Callable[[Network], Fabric]:
    def make(network: Network) -> Fabric:
        return build(from_discovery(parse(network.text())))

    return make


@pytest.fixture(scope="session")
def recorded_fabric() -> Callable[[str], Fabric]:
    """Return a function that makes a fabric of a recording; the test is skipped where there are none."""

    def make(name: str) -> Fabric:
        if not RECORDINGS.is_dir():
            pytest.skip("the recordings of real machines are not beside this checkout")
        return build(from_discovery(parse((RECORDINGS / name).read_text(encoding="utf-8", errors="replace"))))

    return make
