# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a request becomes on ansible-playbook's command line."""

from __future__ import annotations

import pytest

from railyard.request import RunRequest, arguments, command_line

FULL = RunRequest(
    playbook="railyard.cluster.site",
    inventory="inventories/site",
    limit="node[1:4]",
    tags=("base", "slurm"),
    skip_tags=("firewall",),
    check=True,
    diff=True,
    extra_vars={"lab_target": "node3"},
    extra_vars_arguments=("a=b c", "@more.yml"),
    vault_password_files=("pw",),
    vault_ids=("site@prompt",),
    ask_vault_password=True,
    ask_become_password=True,
    verbosity=3,
    environment={"RAILYARD_LAB": "two"},
)


def test_every_option_is_passed_on() -> None:
    expected = ["-i", "inventories/site", "--limit", "node[1:4]", "--tags", "base,slurm", "--skip-tags", "firewall", "--check", "--diff"]
    expected += [
        "--vault-id",
        "site@prompt",
        "--vault-password-file",
        "pw",
        "--ask-vault-password",
        "--ask-become-pass",
        "-e",
        "a=b c",
        "-e",
        "@more.yml",
        "-vvv",
    ]
    assert arguments(FULL) == expected


def test_a_bare_request_has_the_inventory_alone() -> None:
    assert arguments(RunRequest("p.yml", "inv")) == ["-i", "inv"]


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (RunRequest("p.yml", "inv"), "ansible-playbook -i inv p.yml"),
        (RunRequest("p.yml", "inv", limit="a b"), "ansible-playbook -i inv --limit 'a b' p.yml"),
        (RunRequest("p.yml", "i", extra_vars={"lab_target": "n"}), """ansible-playbook -i i -e '{"lab_target": "n"}' p.yml"""),
        (RunRequest("p.yml", "i", environment={"RAILYARD_LAB": "a b"}), "RAILYARD_LAB='a b' ansible-playbook -i i p.yml"),
    ],
)
def test_the_line_is_what_a_person_types(request_: RunRequest, line: str) -> None:
    assert command_line(request_) == line


def test_the_line_shows_no_secret() -> None:
    assert "hunter2" not in command_line(RunRequest("p.yml", "i", extra_vars={"secret_munge_key": "hunter2"}))
