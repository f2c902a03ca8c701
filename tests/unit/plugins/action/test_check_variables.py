# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""check_variables in a real ansible-playbook run over an inventory folder: what it reads, and that it stops the run."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

from ansible_collections.railyard.cluster.plugins.action.check_variables import role_variables, shared_variables
from ansible_collections.railyard.cluster.plugins.module_utils.core.variables import owner_of

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
PLAYBOOK = """---
- name: Preflight
  ansible.builtin.import_playbook: railyard.cluster.preflight

- name: After
  hosts: all
  gather_facts: false
  tasks:
    - name: Show that a later play ran
      ansible.builtin.debug:
        msg: "a later play ran on {{ inventory_hostname }}"
"""
HOSTS = """---
all:
  children:
    slurm:
      hosts:
        node1:
        node2:
"""


@pytest.fixture
def site(tmp_path: pathlib.Path) -> pathlib.Path:
    """A playbook and an inventory with two hosts."""
    for folder in ("group_vars/all", "host_vars"):
        (tmp_path / "inventory" / folder).mkdir(parents=True)
    (tmp_path / "inventory" / "hosts.yml").write_text(HOSTS)
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    (tmp_path / "ansible.cfg").write_text("")
    return tmp_path


def play(site: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = pathlib.Path(sys.executable).with_name("ansible-playbook")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible/collections"),
        "ANSIBLE_CONFIG": str(site / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
    }
    return subprocess.run([command, "-i", "inventory", "play.yml", *arguments], cwd=site, env=environment, capture_output=True, text=True, check=False)


def test_a_clean_inventory_passes_and_the_run_goes_on(site: pathlib.Path) -> None:
    (site / "inventory/group_vars/all/main.yml").write_text("---\nsite_colour: blue\nrailyard_site_variables: [railyard_rack_*]\nrailyard_rack_row: 7\n")
    run = play(site)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("a later play ran on") == 2


@pytest.mark.parametrize("limit", [[], ["--limit", "node2"], ["--tags", "slurm"], ["--check"]])
def test_every_source_is_read_and_nothing_runs_after_a_refusal(site: pathlib.Path, limit: list[str]) -> None:
    (site / "inventory/hosts.yml").write_text(HOSTS.replace("node1:", "node1:\n          railyard_in_hosts: 1"))
    (site / "inventory/group_vars/all/main.yml").write_text("---\n\nrailyard_in_all: 1\n")
    (site / "inventory/group_vars/slurm.yml").write_text("---\nsecret_in_group: 1\n")
    (site / "inventory/host_vars/node1.yml").write_text("---\nrailyard_in_host:\n  - true\n")
    run = play(site, "-e", "railyard_in_extra=1", *limit)
    output = run.stdout + run.stderr
    assert run.returncode == 2, output
    for line in (
        "5 unknown variables:",
        "railyard_in_all (inventory/group_vars/all/main.yml:3): nothing in Railyard reads it",
        "railyard_in_extra (extra vars): nothing in Railyard reads it",
        "railyard_in_host (inventory/host_vars/node1.yml:2): nothing in Railyard reads it",
        "railyard_in_hosts (inventory/hosts.yml:",
        "secret_in_group (inventory/group_vars/slurm.yml:2): nothing in Railyard reads it",
    ):
        assert line in output
    assert "a later play ran" not in output


def test_role_variables_are_those_of_all_entry_points(tmp_path: pathlib.Path) -> None:
    meta = tmp_path / "roles/slurm/meta"
    meta.mkdir(parents=True)
    entry_points = "{main: {options: {slurm_a: {}}}, install: {options: {slurm_b: {}}}, remove: {}}"
    (meta / "argument_specs.yml").write_text(f"---\nargument_specs: {entry_points}\n")
    assert role_variables(str(tmp_path)) == {"slurm": {"slurm_a", "slurm_b"}}


def test_shared_variables_come_from_defaults_and_playbooks(tmp_path: pathlib.Path) -> None:
    texts = {"roles/a/defaults/main.yml": "a_key: '{{ secret_a }}'", "playbooks/a.yml": "x: '{{ railyard_b }}'", "roles/a/tasks/main.yml": "railyard_c"}
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert shared_variables(str(tmp_path)) == {"secret_a", "railyard_b"}


def test_what_our_playbooks_read_is_known() -> None:
    """A playbook that runs preflight would otherwise refuse the variable that it asks for."""
    roles = role_variables(str(REPOSITORY))
    known = set().union(*roles.values())
    for path in sorted((REPOSITORY / "playbooks").glob("*.yml")):
        text = path.read_text()
        read = {name for name in re.findall(r"(?<![\w.])[a-z]\w+\b", text) if owner_of(name, roles)}
        unknown = read - known - {name for name in read if re.search(rf"(tasks_from|hosts): .*\b{name}\b", text)}
        assert unknown == set(), path.name
