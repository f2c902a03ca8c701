# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible's own error output (2.19) as one sentence."""

from __future__ import annotations

import pytest

from railyard.diagnosis import diagnose
from railyard.request import RunRequest

SITE = RunRequest("railyard.cluster.site", "inventories/site", limit="nodeX", vault_password_files=("pw",))
SECRETS = "inventories/site/group_vars/all/secrets.yml"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "[WARNING]: x\n[ERROR]: Specified inventory, host pattern and/or --limit leaves us with no hosts to target.",
            "--limit nodeX matches no host of inventories/site.",
        ),
        (
            "[ERROR]: Decryption failed (no vault secrets were found that could decrypt).",
            f"the vault password does not open {SECRETS}: the one from pw is not the one it was encrypted with.",
        ),
        ("[ERROR]: Attempting to decrypt but no vault secrets found.", f"{SECRETS} is encrypted and no vault password was given."),
        (
            "[WARNING]: Error getting vault password file (default): x\n[ERROR]: The vault password file /x/pw was not found",
            "the vault password file /x/pw does not exist.",
        ),
        ("[ERROR]: the playbook: railyard.cluster.site could not be found", "the playbook railyard.cluster.site was not found."),
        (
            "[ERROR]: YAML parsing failed: While parsing a flow node did not\nfind expected node content.\nOrigin: /x/site.yml:2:1\n\n(source not shown)",
            "/x/site.yml:2: YAML parsing failed: While parsing a flow node did not find expected node content.",
        ),
        (
            "[WARNING]: Unable to parse /x/hosts.yml as an inventory source\n[ERROR]: Completely failed to parse inventory source /x/hosts.yml",
            "the inventory /x/hosts.yml cannot be read.",
        ),
        ("[WARNING]: first\n[ERROR]: something new.\n\nwith a source excerpt", "something new."),
        ("", "ansible-playbook ended with status 4 and no message."),
    ],
)
def test_sentence(said: str, message: str) -> None:
    assert diagnose(SITE, said.splitlines(), 4, SECRETS).message == message


def test_without_limit_the_playbook_is_named() -> None:
    said = ["[ERROR]: Specified inventory, host pattern and/or --limit leaves us with no hosts to target."]
    assert diagnose(RunRequest("p.yml", "inv"), said, 1, "").message == "inv has no host that p.yml is for."
