# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventory files as their plugins parse them."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest
import yaml
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecretsContext
from inventory_plugins import Parsed, Site, VaultSecret, loaded


@pytest.fixture
def parsed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Parsed:
    """Return a function that writes an inventory file, lets the plugin parse it and returns what came of it."""
    # By its short name: this process has no finder of collections.
    monkeypatch.setenv("ANSIBLE_INVENTORY_CACHE_PLUGIN", "jsonfile")
    monkeypatch.setenv("ANSIBLE_INVENTORY_CACHE_CONNECTION", str(tmp_path / "cache"))

    def parse(module: types.ModuleType, options: t.Mapping[str, t.Any] | str, *, cache: bool = True, vault: str = "", into: Site | None = None) -> Site:
        plugin = loaded(module)
        path = tmp_path / f"{plugin.SUFFIX}.yml"
        content = options if isinstance(options, str) else yaml.safe_dump({"plugin": plugin.NAME, **options})
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
        assert plugin.verify_file(str(path))
        site = into or Site(InventoryData(), [])
        monkeypatch.setattr(plugin.display, "warning", lambda text, *_args, **_more: site.warnings.append(text))
        loader = DataLoader()
        if vault:
            secrets = [("default", VaultSecret(vault.encode()))]
            loader.set_vault_secrets(secrets)
            if not VaultSecretsContext.current(optional=True):
                VaultSecretsContext.initialize(VaultSecretsContext(secrets))
        plugin.parse(site.inventory, loader, str(path), cache=cache)
        if plugin.get_option("cache"):
            plugin.update_cache_if_changed()
        return site

    return parse
