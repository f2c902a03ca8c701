# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The allow-list of the environment."""

from __future__ import annotations

from railyard.environment import scrubbed


def test_only_the_list_passes() -> None:
    kept = {"PATH": "/bin", "LC_ALL": "C", "ANSIBLE_CONFIG": "a.cfg", "RAILYARD_LAB": "x", "SSH_AUTH_SOCK": "/s", "https_proxy": "http://p"}
    assert scrubbed({**kept, "AWS_SECRET_ACCESS_KEY": "k", "PYTHONPATH": "/x", "LD_PRELOAD": "/x"}) == kept


def test_a_site_can_name_more() -> None:
    environment = {"RAILYARD_PASS_ENVIRONMENT": "VAULT_ADDR, VAULT_TOKEN", "VAULT_ADDR": "https://v", "VAULT_TOKEN": "t", "OTHER": "x"}
    assert set(scrubbed(environment)) == {"RAILYARD_PASS_ENVIRONMENT", "VAULT_ADDR", "VAULT_TOKEN"}
