# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the secrets that a site is missing; documented in plugins/modules/secrets.py."""

from __future__ import annotations

import os
import secrets
import tempfile
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.yaml import yaml_load
from ansible.parsing.vault import AnsibleVaultError, is_encrypted, match_encrypt_secret, parse_vaulttext_envelope
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.secrets import KINDS, generate, missing, with_added

if t.TYPE_CHECKING:
    from ansible.parsing.vault import VaultLib

NO_PASSWORD = "Give --vault-password-file FILE or --ask-vault-password, or set vault_password_file in ansible.cfg."


class ActionModule(ActionBase):
    """Add what is missing to one encrypted file."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec({"path": {"type": "path"}})
        variables = task_vars or {}
        try:
            path = arguments["path"] or default_path(variables)
            made = add_missing(path, set(variables), self._loader._vault, write=not self._task.check_mode)
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        verb = "would be made" if self._task.check_mode else "made"
        message = f"{', '.join(made)}: {verb} in {path}." if made else "Nothing to make: every secret is defined."
        result.update(changed=bool(made), path=path, made=made, present=[name for name in KINDS if name not in made], message=message)
        return result


def default_path(variables: t.Mapping[str, t.Any]) -> str:
    """Return the place of the secrets in the first inventory."""
    source = next(iter(variables.get("ansible_inventory_sources") or []), "")
    if not os.path.exists(source):
        raise CoreError(f"the inventory {source!r} is not a folder or file.", hint="Give the site's inventory folder with -i, or a path.")
    folder = source if os.path.isdir(source) else os.path.dirname(source)
    return os.path.join(folder, "group_vars", "all", "secrets.yml")


def add_missing(path: str, defined: set[str], vault: VaultLib, *, write: bool) -> list[str]:
    """Add the secrets that neither the variables nor the file have, and return their names."""
    if not missing(defined):
        return []
    old = _read(path)
    if old and not is_encrypted(old):
        raise CoreError("the file is not encrypted.", where=path, hint=f"Encrypt it first: ansible-vault encrypt {path}")
    if not vault.secrets:
        raise CoreError("no vault password was given to encrypt it with.", where=path, hint=NO_PASSWORD)
    try:
        text = vault.decrypt(old).decode("utf-8") if old else ""
    except AnsibleVaultError:
        raise CoreError("the vault password does not open the file.", where=path, hint="Give the one it was encrypted with.") from None
    before = yaml_load(text) or {}
    made = missing(defined | set(before))
    if made and write:
        new = with_added(text, {name: generate(name, secrets.token_bytes) for name in made})
        after = yaml_load(new)
        if {name: after[name] for name in before} != before or set(after) != set(before) | set(made):
            raise CoreError("the file is written in a way that nothing can be added to.", where=path, hint="Put it in the form 'name: value' per line.")
        _replace(path, _encrypt(vault, new, old))
    return made


def _encrypt(vault: VaultLib, text: str, old: bytes) -> bytes:
    """Encrypt with the identity that the file has, or with Ansible's first."""
    vault_id = parse_vaulttext_envelope(old)[3] if old else None
    name, secret = match_encrypt_secret(vault.secrets, encrypt_vault_id=vault_id if vault_id in dict(vault.secrets) else None)
    encrypted: bytes = vault.encrypt(text, secret, vault_id=name if name != "default" else None)
    return encrypted


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise CoreError(f"the file cannot be read: {error.strerror}.", where=path) from None


def _replace(path: str, content: bytes) -> None:
    """Write a file for its owner only, whole or not at all. It keeps its owner, or has the inventory's."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        owner = os.stat(path if os.path.exists(path) else folder)
        descriptor, staged = tempfile.mkstemp(dir=folder, prefix=".secrets.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(staged, path)
        except BaseException:
            os.unlink(staged)
            raise
    except OSError as error:
        raise CoreError(f"the file cannot be written: {error.strerror}.", where=path) from None
