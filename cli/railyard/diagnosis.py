# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why Ansible could not run: its error output as one sentence that names the thing, the value, and what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from railyard.events import first_paragraph
from railyard.request import RunRequest

_ORIGIN = re.compile(r"^Origin: (?P<origin>\S+?:\d+)(:\d+)?$", re.MULTILINE)
_PASSWORD_HINT = "Give --vault-password-file FILE or --ask-vault-password, or set vault_password_file in ansible.cfg."


@dataclass(frozen=True)
class Diagnosis:
    """A sentence, and what to do about it."""

    message: str
    hint: str = ""


Explain = Callable[[re.Match[str], RunRequest, str], Diagnosis]


def _no_host(_match: re.Match[str], request: RunRequest, _vault_file: str) -> Diagnosis:
    if request.limit:
        return Diagnosis(f"--limit {request.limit} matches no host of {request.inventory}.", f"railyard discover -i {request.inventory} lists the hosts.")
    return Diagnosis(f"{request.inventory} has no host that {request.playbook} is for.", f"railyard discover -i {request.inventory} lists the hosts.")


# The first that is found in an error names the cause.
_CAUSES: Sequence[tuple[str, Explain]] = (
    (
        r"(Completely failed to parse inventory source|Unable to parse) (?P<path>\S+)",
        lambda match, _request, _file: Diagnosis(
            f"the inventory {match['path']} cannot be read.", f"ansible-inventory -i {match['path']} --list shows where it goes wrong."
        ),
    ),
    (r"leaves us with no hosts to target", _no_host),
    (
        r"The vault password file (?P<path>\S+) was not found",
        lambda match, _request, _file: Diagnosis(f"the vault password file {match['path']} does not exist.", "Give the right one with --vault-password-file."),
    ),
    (
        r"no vault secrets found|Vault.*without.*password",
        lambda _match, _request, file: Diagnosis(f"{file} is encrypted and no vault password was given.", _PASSWORD_HINT),
    ),
    (
        r"Decryption failed|no vault secrets were found that could decrypt",
        lambda _match, request, file: Diagnosis(f"the vault password does not open {file}: {_password_source(request)} is not the one it was encrypted with."),
    ),
    (
        r"the playbook: (?P<name>\S+) could not be found",
        lambda match, _request, _file: Diagnosis(
            f"the playbook {match['name']} was not found.", "Is the collection railyard.cluster on Ansible's collections path?"
        ),
    ),
)


def _password_source(request: RunRequest) -> str:
    sources = [*request.vault_password_files, *request.vault_ids]
    return f"the one from {', '.join(sources)}" if sources else "the one given"


def diagnose(request: RunRequest, said: Iterable[str], rc: int, vault_file: str) -> Diagnosis:
    """Explain why no host and no task tells of the failure.

    ``said`` are the lines that Ansible wrote, ``vault_file`` the encrypted file of the inventory.
    """
    text = "\n".join(said)
    for pattern, explain in _CAUSES:
        match = re.search(pattern, text)
        if match:
            return explain(match, request, vault_file)
    errors = [block for block in re.split(r"^(?=\[[A-Z ]+\]: )", text, flags=re.MULTILINE) if block.startswith("[ERROR]")]
    if not errors:
        return Diagnosis(f"ansible-playbook ended with status {rc} and no message.", "Run it again with -vvv.")
    sentence = first_paragraph(errors[-1]).rstrip(".")
    origin = _ORIGIN.search(errors[-1])
    return Diagnosis(f"{origin['origin']}: {sentence}." if origin else f"{sentence}.")
