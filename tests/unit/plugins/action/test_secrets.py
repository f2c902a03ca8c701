# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""secrets in real ansible-playbook runs: what is made, what is left alone, and what is refused."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from ansible_collections.railyard.cluster.plugins.module_utils.core.secrets import KINDS

BIN = pathlib.Path(sys.executable).parent
KEEP = "# mine\nsecret_munge_key: 'the old one'\n"


class Site:
    """An inventory with an encrypted file of secrets, or the place for one."""

    def __init__(self, folder: pathlib.Path, repository: pathlib.Path) -> None:
        self.folder = folder
        self.file = folder / "inventory/group_vars/all/secrets.yml"
        self.file.parent.mkdir(parents=True)
        (folder / "inventory/hosts.yml").write_text("all:\n  hosts:\n    node1:\n")
        (folder / "pw").write_text("right\n")
        self._environment = {**os.environ, "ANSIBLE_CONFIG": str(repository / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "HOME": str(folder)}

    def run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(BIN / program), *arguments]
        return subprocess.run(command, cwd=self.folder, env=self._environment, input=text, capture_output=True, text=True, check=False)

    def init(self, *arguments: str, password: str = "pw") -> subprocess.CompletedProcess[str]:
        given = ["--vault-password-file", password] if password else []
        return self.run("ansible-playbook", "-i", "inventory", *given, *arguments, "railyard.cluster.secrets_init")

    def encrypt(self, text: str, *arguments: str) -> None:
        given = arguments or ("--vault-password-file", "pw")
        assert self.run("ansible-vault", "encrypt", *given, "--output", str(self.file), text=text).returncode == 0

    def text(self) -> str:
        return self.run("ansible-vault", "view", "--vault-password-file", "pw", str(self.file)).stdout


@pytest.fixture
def site(tmp_path: pathlib.Path, repository: pathlib.Path) -> Site:
    return Site(tmp_path, repository)


def test_all_are_made_once(site: Site) -> None:
    first = site.init()
    assert first.returncode == 0, first.stderr
    assert "changed=1" in first.stdout
    made = yaml.safe_load(site.text())
    assert set(made) == set(KINDS)
    assert site.file.stat().st_mode & 0o777 == 0o600
    assert site.file.read_bytes().startswith(b"$ANSIBLE_VAULT;")
    assert [path.name for path in site.file.parent.iterdir()] == ["secrets.yml"]
    for value in made.values():
        assert value not in first.stdout + first.stderr
    before = site.file.read_bytes()
    assert "changed=0" in site.init().stdout
    assert site.file.read_bytes() == before


def test_what_is_there_is_never_changed(site: Site) -> None:
    site.encrypt(KEEP)
    assert "changed=1" in site.init().stdout
    assert site.text().startswith(KEEP)
    assert set(yaml.safe_load(site.text())) == set(KINDS)


def test_check_mode_makes_nothing(site: Site) -> None:
    answer = site.init("--check")
    assert (answer.returncode, "changed=1" in answer.stdout) == (0, True)
    assert not site.file.exists()


def test_what_a_lookup_defines_is_left_to_it(site: Site) -> None:
    lookups = "".join(f"{name}: \"{{{{ lookup('ansible.builtin.env', 'X') }}}}\"\n" for name in KINDS)
    (site.file.parent / "from_elsewhere.yml").write_text(lookups)
    answer = site.init(password="")
    assert (answer.returncode, "changed=0" in answer.stdout) == (0, True)
    assert not site.file.exists()


def test_the_file_keeps_its_vault_identity(site: Site) -> None:
    (site.folder / "other").write_text("another\n")
    site.encrypt(KEEP, "--vault-id", "prod@pw", "--encrypt-vault-id", "prod")
    answer = site.init("--vault-id", "test@other", "--vault-id", "prod@pw", password="")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert site.file.read_text().splitlines()[0] == "$ANSIBLE_VAULT;1.2;AES256;prod"
    assert set(yaml.safe_load(site.text())) == set(KINDS)


def test_an_open_file_is_refused(site: Site) -> None:
    site.file.write_text(KEEP)
    answer = site.init()
    assert answer.returncode == 2
    assert f"secrets.yml: the file is not encrypted. Encrypt it first: ansible-vault encrypt {site.file}" in answer.stdout
    assert site.file.read_text() == KEEP


def test_without_a_password_nothing_is_made(site: Site) -> None:
    answer = site.init(password="")
    assert answer.returncode == 2
    assert "no vault password was given to encrypt it with. Give --vault-password-file FILE" in answer.stdout
    assert not site.file.exists()


def test_a_list_of_hosts_has_no_place_for_secrets(site: Site) -> None:
    answer = site.run("ansible-playbook", "-i", "node1,", "--vault-password-file", "pw", "railyard.cluster.secrets_init")
    assert answer.returncode == 2
    assert "is not a folder or file. Give the site's inventory folder with -i" in answer.stdout
