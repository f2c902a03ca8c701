# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the state of a site is: what the environment says before what the inventory is called."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.lookup.state_folder import LookupModule


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"RAILYARD_STATE_DIR": "/state", "XDG_STATE_HOME": "/xdg"}, "/state"),
        ({"XDG_STATE_HOME": "/xdg"}, "/xdg/railyard/mysite"),
        ({}, "/home/me/.local/state/railyard/mysite"),
    ],
)
def test_state_folder(environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAILYARD_STATE_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert LookupModule().run([], {"inventory_dir": "/etc/sites/mysite"}) == [folder]


@pytest.mark.parametrize(
    ("terms", "variables", "folder"),
    [
        (["/declared"], {"inventory_dir": "/sites/one"}, "/declared"),
        (["~/declared"], {}, "/home/me/declared"),
        ([""], {"inventory_dir": "/sites/one/"}, "/xdg/railyard/one"),
        ([], {"ansible_inventory_sources": ["/sites/one/hosts.yml"]}, "/xdg/railyard/one"),
        ([], {}, "/xdg/railyard/adhoc"),
    ],
)
def test_what_is_declared_and_hosts_without_an_inventory(terms: list[str], variables: dict[str, object], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAILYARD_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    monkeypatch.setenv("HOME", "/home/me")
    assert LookupModule().run(terms, variables) == [folder]
