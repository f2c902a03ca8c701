# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.files: render everything, then run the module once."""

from __future__ import annotations

import dataclasses
import os.path
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from ansible_collections.railyard.cluster.plugins.module_utils.core import files
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("files", "secret"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            secret = boolean(self._task.args.get("secret", False))
        except TypeError as error:
            raise AnsibleActionFail(f"secret: {error}") from None
        try:
            payload = files.pack([self._with_content(entry, variables) for entry in files.check_entries(self._task.args.get("files"))])
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        except Exception as error:
            # What a template says about its own failure may quote the values it was given.
            if secret:
                raise AnsibleActionFail(f"A file of a task with secret: true can't be rendered ({type(error).__name__}); why is hidden.") from None
            raise
        result = self._execute_module(
            module_name="railyard.cluster.files",
            module_args={"files": [], "secret": secret, "_payload": payload},
            task_vars=variables,
        )
        result.pop("invocation", None)
        return result

    def _with_content(self, entry: files.Entry, variables: dict[str, t.Any]) -> files.DesiredFile:
        if entry.origin == "template":
            content = self._render(entry, variables)
        elif entry.origin == "source":
            content = self._read(entry)
        elif entry.origin == "content":
            content = files.text_content(entry.value, entry.file.path)
        elif entry.origin == "content_base64":
            content = files.base64_content(entry.value, entry.file.path)
        else:
            content = b""
        return dataclasses.replace(entry.file, content=content)

    def _find(self, folder: str, name: str, path: str) -> str:
        try:
            return self._find_needle(folder, name)
        except AnsibleError as error:
            raise CoreError(f"{path}: {error}") from None

    def _read(self, entry: files.Entry) -> bytes:
        """Return a file of the role as it is; one that is encrypted with Vault is decrypted."""
        found = self._loader.get_real_file(self._find("files", str(entry.value), entry.file.path))
        try:
            with open(found, "rb") as file:
                return file.read()
        finally:
            self._loader.cleanup_tmp_file(found)

    def _render(self, entry: files.Entry, variables: dict[str, t.Any]) -> bytes:
        """Render as ansible.builtin.template does, save for the variables that differ from run to run."""
        found = self._find("templates", str(entry.value), entry.file.path)
        roots = [*variables.get("ansible_search_path", []), self._loader.get_basedir(), os.path.dirname(found)]
        templar = self._templar.copy_with_new_env(
            searchpath=[path for root in roots for path in (os.path.join(root, "templates"), root)],
            available_variables={
                "ansible_managed": "Ansible managed",
                **variables,
                "template_path": str(entry.value),
                "template_fullpath": found,
                "template_destpath": entry.file.path,
                **entry.variables,
            },
        )
        source = trust_as_template(self._loader.get_text_file_contents(found))
        rendered = templar.template(source, escape_backslashes=False, overrides={"trim_blocks": True, "lstrip_blocks": False})
        return ("" if rendered is None else str(rendered)).encode("utf-8")
