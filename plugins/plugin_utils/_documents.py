# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""Documents of hosts that are kept in a folder on the control machine, one file for each host."""

from __future__ import annotations

import json
import os
import typing as t
import urllib.parse

from ansible.errors import AnsibleActionFail


def keep_facts(result: dict[str, t.Any], folder: str | None, host: str, *, check_mode: bool) -> dict[str, t.Any]:
    """Move the facts in a module's result to a file, where a folder is given. Returns the result, with the file's path in place of the facts."""
    result.pop("invocation", None)
    if folder and "document" in result and not check_mode:
        result["document_path"] = _write(os.path.expanduser(folder), host, result.pop("document"))
    return result


def keep_results(result: dict[str, t.Any], folder: str | None, host: str, *, check_mode: bool) -> dict[str, t.Any]:
    """Move the results of checks, and what commands printed, to a file, where a folder is given. Returns the result, with the file's path instead."""
    if folder and "results" in result and not check_mode:
        kept = {key: result.pop(key) for key in ("results", "raw", "outputs") if key in result}
        result["results_path"] = _write(os.path.expanduser(folder), host, kept)
    return result


def file_name(host: str) -> str:
    """Return the name of a host's file in such a folder."""
    return f"{urllib.parse.quote(host, safe='')}.json"


def _write(folder: str, host: str, document: dict[str, t.Any]) -> str:
    """Write a host's document as a whole, for its owner only. Returns its path."""
    path = os.path.join(folder, file_name(host))
    staged = f"{path}.{os.getpid()}.new"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
        os.replace(staged, path)
    except OSError as error:
        raise AnsibleActionFail(f"{folder}: what was seen of {host} cannot be written: {error.strerror}.") from None
    return path
