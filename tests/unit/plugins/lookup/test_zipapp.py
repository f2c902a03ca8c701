# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lookup returns what the builder builds, in base64, and names what it cannot build."""

from __future__ import annotations

import base64

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.railyard.cluster.plugins.lookup.zipapp import LookupModule
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import ENTRIES, build


@pytest.mark.parametrize("name", ENTRIES)
def test_returns_the_executable(name: str) -> None:
    lookup = LookupModule()
    assert base64.b64decode(lookup.run([name], {})[0]) == build(name)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(AnsibleLookupError, match=r"^there is no executable 'nod_agent'\. There are: lab_bmcs, node_agent, simulator\.$"):
        LookupModule().run(["nod_agent"], {})
