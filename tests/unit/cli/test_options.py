# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from railyard import options
from railyard.core.errors import CoreError
from railyard.request import RunRequest


@pytest.mark.parametrize(("given", "passed_on"), [(0, 0), (1, 0), (2, 2), (4, 4)])
def test_one_v_is_ours(given: int, passed_on: int) -> None:
    assert options.ansible_verbosity(argparse.Namespace(verbose=given)) == passed_on


def test_passwords_are_asked_for_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"BECOME password: ": "b", "Vault password: ": "v", "The same again: ": "v"}
    monkeypatch.setattr("getpass.getpass", answers.pop)
    both = RunRequest("p.yml", "i", ask_become_password=True, ask_vault_password=True)
    assert options.ask_passwords(both, confirm_vault=True) == {"become": "b", "vault": "v"}
    assert not answers
    assert options.ask_passwords(RunRequest("p.yml", "i")) == {}


def test_two_passwords_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: prompt)
    with pytest.raises(CoreError, match="differ"):
        options.ask_passwords(RunRequest("p.yml", "i", ask_vault_password=True), confirm_vault=True)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(CoreError, match="the vault password file /nothere does not exist"):
        options.check_files(RunRequest("p.yml", "i", vault_password_files=("/nothere",)))
    with pytest.raises(CoreError, match=r"the file x\.yml of -e @x\.yml does not exist"):
        options.check_files(RunRequest("p.yml", "i", extra_vars_arguments=("a=b", "@x.yml")))
    (tmp_path / "pw").write_text("x")
    options.check_files(RunRequest("p.yml", "i", vault_password_files=(str(tmp_path / "pw"),)))
