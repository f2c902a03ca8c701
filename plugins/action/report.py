# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Render the record of a validation run; documented in plugins/modules/report.py."""

from __future__ import annotations

import os
import pathlib
import tempfile
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import VERDICTS
from ansible_collections.railyard.cluster.plugins.module_utils.core.report.overview import headline
from ansible_collections.railyard.cluster.plugins.plugin_utils import _history, _report

SPEC = {
    "state_folder": {"type": "path", "required": True},
    "run": {"type": "str", "default": ""},
    "previous": {"type": "str", "default": ""},
    "format": {"type": "str", "default": "html", "choices": list(_report.FORMATS)},
    "path": {"type": "path"},
}


class ActionModule(ActionBase):
    """Write one file on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(SPEC)
        try:
            result.update(report(arguments, write=not self._task.check_mode))
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        return result


def report(arguments: t.Mapping[str, t.Any], *, write: bool) -> dict[str, t.Any]:
    """Render a run to a file, and return what the module returns."""
    state = pathlib.Path(arguments["state_folder"])
    folder, before = choose(state / "runs", arguments["run"], arguments["previous"])
    record = _report.read_record(folder)
    previous = _report.read_record(before) if before else None
    picture = folder / _report.FABRIC
    fabric = picture.read_text(encoding="utf-8", errors="replace") if picture.is_file() else ""
    past = _history.read_past(state / _history.FILE) if arguments["format"] == "html" else {}
    text = _report.render(arguments["format"], record, previous=previous, fabric=fabric, past=past)
    path = pathlib.Path(arguments["path"] or folder / _report.FORMATS[arguments["format"]])
    content = text.encode()
    changed = not path.is_file() or path.read_bytes() != content
    if changed and write:
        _replace(path, content)
    summary = headline(record)
    counts = {verdict: sum(result.verdict == verdict for result in record.results) for verdict in VERDICTS}
    return {
        "changed": changed,
        "path": str(path),
        "format": arguments["format"],
        "run": record.run_id,
        "previous": previous.run_id if previous else "",
        "verdict": summary.verdict,
        "message": summary.sentence,
        "counts": counts,
        "simulated": summary.simulated,
    }


def choose(runs: pathlib.Path, run: str, previous: str) -> tuple[pathlib.Path, pathlib.Path | None]:
    """Return the folders of the run and of the one to compare it with: those that are named, or the last and the one before."""
    found = {folder.name: folder for folder in _report.runs_with_findings(runs)}
    if not found:
        raise CoreError("no run has findings yet.", where=str(runs), hint="railyard validate makes one.")
    for name in (run, previous):
        if name and name != "none" and name not in found:
            raise CoreError(f"there is no run {name} with findings.", where=str(runs), hint=f"The last is {list(found)[-1]}.")
    chosen = run or list(found)[-1]
    earlier = [folder for name, folder in found.items() if name < chosen]
    if previous:
        return found[chosen], found.get(previous)
    return found[chosen], earlier[-1] if earlier else None


def _replace(path: pathlib.Path, content: bytes) -> None:
    """Write a file whole or not at all. It keeps its mode; a new one is its owner's alone, since it names machines and their faults."""
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        descriptor, staged = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
            os.replace(staged, path)
        except BaseException:
            os.unlink(staged)
            raise
    except OSError as error:
        raise CoreError(f"the report cannot be written: {error.strerror}.", where=str(path)) from None
