# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each command line as the request it stands for, by equality."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

import pytest

from railyard.commands import apply
from railyard.commands.lab import VERBS
from railyard.main import build_parser
from railyard.request import RunRequest


def parsed(line: str) -> argparse.Namespace:
    return build_parser().parse_args(line.split())


LAB = {"inventory": "inventories/lab", "collect": ("railyard.cluster.lab", "railyard.cluster.job_proof")}


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("apply", RunRequest("railyard.cluster.site", "inventories/lab")),
        (
            "apply -i a,b --limit a --check --diff --tags base,slurm --tags munge --skip-tags x -e k=v -e @f -K -J --vault-id s@f --vault-password-file p -vv",
            RunRequest(
                "railyard.cluster.site",
                "a,b",
                limit="a",
                check=True,
                diff=True,
                tags=("base", "slurm", "munge"),
                skip_tags=("x",),
                extra_vars_arguments=("k=v", "@f"),
                ask_become_password=True,
                ask_vault_password=True,
                vault_ids=("s@f",),
                vault_password_files=("p",),
                verbosity=2,
            ),
        ),
        ("lab up", RunRequest("railyard.cluster.lab_up", **LAB)),
        ("lab demo", RunRequest("railyard.cluster.lab_demo", **LAB)),
        ("lab up --name two -v", RunRequest("railyard.cluster.lab_up", environment={"RAILYARD_LAB": "two"}, **LAB)),
        ("lab down --purge", RunRequest("railyard.cluster.lab_down", extra_vars={"lab_purge": True}, **LAB)),
        ("lab status", RunRequest("railyard.cluster.lab_status", **LAB)),
        ("lab fail node3", RunRequest("railyard.cluster.lab_fail", extra_vars={"lab_target": "node3"}, **LAB)),
        ("lab degrade leaf1 --rate 200mbit", RunRequest("railyard.cluster.lab_degrade", extra_vars={"lab_target": "leaf1", "lab_rate": "200mbit"}, **LAB)),
        ("lab heal node3", RunRequest("railyard.cluster.lab_heal", extra_vars={"lab_target": "node3"}, **LAB)),
        ("lab reset", RunRequest("railyard.cluster.lab_reset", **LAB)),
        ("lab reset --to converged", RunRequest("railyard.cluster.lab_reset", extra_vars={"lab_snapshot": "converged"}, **LAB)),
        ("lab snapshot converged", RunRequest("railyard.cluster.lab_snapshot", extra_vars={"lab_snapshot": "converged"}, **LAB)),
        (
            "discover -i a,b --limit a -K",
            RunRequest(
                "railyard.cluster.discover",
                "a,b",
                limit="a",
                ask_become_password=True,
                collect=("Report the inventory", "Report what the inventory's sources found wrong"),
            ),
        ),
        (
            "capture node1 -i a,b --limit a --to /x -K",
            RunRequest(
                "railyard.cluster.capture",
                "a,b",
                limit="node1:&a",
                extra_vars={"capture_folder": "/x"},
                ask_become_password=True,
                collect=("Write the capture",),
            ),
        ),
        (
            "validate",
            RunRequest("railyard.cluster.validate", "inventories/lab", extra_vars={"validate_stage": "all"}, collect=("Report what was found",)),
        ),
        (
            "validate --stage pair -i a,b --limit a -e k=v -K -J --vault-id s@f -vv",
            RunRequest(
                "railyard.cluster.validate",
                "a,b",
                limit="a",
                extra_vars={"validate_stage": "pair"},
                extra_vars_arguments=("k=v",),
                ask_become_password=True,
                ask_vault_password=True,
                vault_ids=("s@f",),
                verbosity=2,
                collect=("Report what was found",),
            ),
        ),
        (
            "secrets init -i a, --check --vault-password-file pw",
            RunRequest("railyard.cluster.secrets_init", "a,", check=True, vault_password_files=("pw",), collect=("railyard.cluster.secrets",)),
        ),
    ],
)
def test_request(line: str, request_: RunRequest, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    command = import_module(f"railyard.commands.{line.split()[0]}")
    assert command.build_request(parsed(line)) == request_


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("apply", ("railyard lab shell login1 sinfo",)),
        ("apply --check", ("the same without --check makes the changes",)),
        ("apply -i a,b", ()),
    ],
)
def test_what_to_type_after_apply(line: str, steps: tuple[str, ...], repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert apply.next_steps(apply.build_request(parsed(line))) == steps


def test_every_playbook_that_a_command_names_is_there(repository: Path) -> None:
    names = {"site", "discover", "capture", "secrets_init", "validate", *(f"lab_{verb}" for verb in VERBS)}
    assert names - {path.stem for path in (repository / "playbooks").glob("*.yml")} == set()
