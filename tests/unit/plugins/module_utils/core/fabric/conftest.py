# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a generated network, through ibnetdiscover's text, to a fabric."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import recordings
from benchmark.fabric_generator import Network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import from_discovery
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibnetdiscover import parse


@pytest.fixture(scope="session")
def fabric_of() -> Callable[[Network], Fabric]:
    def make(network: Network) -> Fabric:
        return build(from_discovery(parse(network.text())))

    return make


@pytest.fixture(scope="session")
def recorded_fabric() -> Callable[[str], Fabric]:
    """Return a function that makes a fabric of a recording; the test is skipped where there are none."""

    return lambda name: build(from_discovery(parse(recordings.text(name))))
