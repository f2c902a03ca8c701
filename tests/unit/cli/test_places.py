# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where state, inventories and the collection are."""

from __future__ import annotations

from pathlib import Path

import pytest

from railyard import places
from railyard.core.errors import CoreError


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventories/alpha").mkdir(parents=True)
    (tmp_path / "inventories/lab").mkdir()
    (tmp_path / "inventories/lab_discovered").mkdir()
    (tmp_path / "inventories/alpha/hosts.yml").write_text("all:\n")
    return tmp_path


@pytest.mark.parametrize(
    ("inventory", "environment", "state"),
    [
        ("inventories/alpha", {"HOME": "/home/x"}, "/home/x/.local/state/railyard/alpha"),
        ("inventories/alpha/hosts.yml", {"HOME": "/home/x"}, "/home/x/.local/state/railyard/alpha"),
        ("inventories/alpha", {"HOME": "/home/x", "XDG_STATE_HOME": "/state"}, "/state/railyard/alpha"),
        ("inventories/alpha", {"RAILYARD_STATE_DIR": "/mine"}, "/mine"),
        ("inventories/lab", {"HOME": "/home/x"}, "/var/lib/railyard/labs/default"),
        ("inventories/lab", {"HOME": "/home/x", "RAILYARD_LAB": "two"}, "/var/lib/railyard/labs/two"),
        ("inventories/lab_discovered", {"HOME": "/home/x", "RAILYARD_LAB": "two"}, "/var/lib/railyard/labs/two"),
        ("node1,node2", {"HOME": "/home/x"}, "/home/x/.local/state/railyard/adhoc"),
    ],
)
@pytest.mark.usefixtures("site")
def test_state_directory(inventory: str, environment: dict[str, str], state: str) -> None:
    assert places.state_directory(inventory, environment) == Path(state)


def test_an_inventory_that_is_not_there_is_named(site: Path) -> None:
    with pytest.raises(CoreError, match=r"the inventory inventories/beta does not exist\."):
        places.inventory_path("inventories/beta")
    assert places.inventory_path("inventories/alpha") == "inventories/alpha"
    assert places.inventory_path("node1,") == "node1,"
    assert site.exists()


def test_no_inventory_is_the_lab(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert places.inventory_path("") == "inventories/lab"
    monkeypatch.chdir("/")
    assert places.inventory_path("") == str(repository / "inventories/lab").lstrip("/")


def test_a_site_with_an_ansible_cfg_keeps_it(site: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(site))
    assert places.ansible_config({}) == {"ANSIBLE_CONFIG": str(repository / "ansible.cfg")}
    assert places.ansible_config({"ANSIBLE_CONFIG": "/x"}) == {}
    (site / "ansible.cfg").write_text("")
    assert places.ansible_config({}) == {}


def test_the_encrypted_file_is_found(site: Path) -> None:
    assert places.encrypted_file("inventories/alpha") == "a file of inventories/alpha"
    secrets = site / "inventories/alpha/group_vars/all/secrets.yml"
    secrets.parent.mkdir(parents=True)
    (secrets.parent / "plain.yml").write_text("a: 1\n")
    secrets.write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    assert places.encrypted_file("inventories/alpha") == "inventories/alpha/group_vars/all/secrets.yml"
