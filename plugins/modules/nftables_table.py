#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nftables_table
short_description: Have the kernel filter with a table of nftables as its file says, at once and at every boot
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Writes the table's file, enables and starts the unit that loads it, and has it loaded again when the kernel's table is not the one that the
    file made. That is so after the file changed, but also after someone flushed the rules or edited the table by hand.
  - Nothing is written before C(nft) has checked the new rules, and before the address that this session comes from was looked up in
    O(keep_open_to), so that no run locks itself out, now or at the next boot.
  - Other tables are not touched.
notes:
  - What the file made is remembered in C(/var/lib/railyard/nftables), as a digest of the file and one of the table without its counters.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  path:
    description: File for the table. Its directory must exist.
    type: path
    required: true
  content:
    description: The table in nftables' language. It must replace the old one in one transaction.
    type: str
    required: true
  table:
    description: The table, with its family.
    type: str
    default: inet railyard
  unit:
    description: Unit that loads the file when it is started and when it is reloaded.
    type: str
    required: true
  keep_open_to:
    description: Networks that may reach SSH under the new rules. A session from elsewhere is refused with a sentence. Without any, nothing is looked up.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Filter what comes in
  railyard.cluster.nftables_table:
    path: /etc/railyard/firewall.nft
    content: "{{ lookup('ansible.builtin.template', 'firewall.nft.j2') }}"
    unit: railyard-firewall.service
    keep_open_to: [192.0.2.0/24]
"""

RETURN = r"""
reason:
  description: Why the table was loaded, or would be in check mode. Empty when it was not.
  returned: success
  type: str
  sample: the table is not loaded
"""

import contextlib
import hashlib
import json
import os
import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import firewall
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

STAMPS = "/var/lib/railyard/nftables"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def session_address(runner: ModuleRunner) -> str:
    """Return where the SSH session that this process belongs to comes from; empty for none."""
    pid = os.getppid()
    while pid > 1:
        try:
            environment = runner.read(f"/proc/{pid}/environ")
            parent = re.search(r"^PPid:\s*(\d+)", runner.read(f"/proc/{pid}/status"), re.MULTILINE)
        except OSError:
            return ""
        found = re.search(r"(?:^|\0)SSH_CONNECTION=(\S+)", environment)
        if found:
            return found[1]
        pid = int(parent[1]) if parent else 0
    return ""


def refuse_lock_out(runner: ModuleRunner, networks: list[str]) -> None:
    address = session_address(runner)
    if networks and address and not firewall.admits(address, networks):
        raise CoreError(
            f"This session comes from {address}, which the new rules would not let in over SSH (they admit {', '.join(networks)}).",
            hint="Add its network to firewall_admin_networks.",
        )


def loaded(runner: ModuleRunner, table: str) -> str:
    """Return the kernel's table without counters and without what its sets hold now; empty where it is not loaded."""
    answer = runner.run(["nft", "--stateless", "--terse", "list", "table", *table.split()], 60)
    return answer.stdout if answer.rc == 0 else ""


def systemctl(runner: ModuleRunner, *arguments: str) -> None:
    answer = runner.run(["systemctl", *arguments], 120)
    if answer.rc:
        journal = runner.run(["journalctl", "--quiet", "--no-pager", "--lines=20", f"--unit={arguments[-1]}"], 30).stdout
        raise CoreError(f"systemctl {' '.join(arguments)} failed: {answer.stderr.strip()}\n{journal.rstrip()}".rstrip())


def read_stamp(path: str) -> t.Any:
    with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
        return json.load(file)
    return None


def write_stamp(path: str, stamp: dict[str, str]) -> None:
    os.makedirs(STAMPS, mode=0o755, exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp, file)
    os.replace(path + ".new", path)


def write(runner: ModuleRunner, path: str, content: str) -> None:
    """Replace the file by rules that nft understands, or leave it."""
    staged = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.railyard-staged")
    try:
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        answer = runner.run(["nft", "--check", "--file", staged], 60)
        if answer.rc:
            raise CoreError(f"nft refuses the rules for {path}: {answer.stderr.strip().replace(staged, path)}")
        os.replace(staged, path)
    except OSError as error:
        raise CoreError(f"{path} can't be written: {error.strerror}.") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(staged)


def read(path: str) -> str:
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return file.read()
    return ""


def why(state: dict[str, str], unit: str, wanted: str, before: str, now: str, stamp: t.Any) -> str:
    """Return why the table must be loaded, or nothing."""
    if before != wanted:
        return "the rules changed"
    if state.get("ActiveState") != "active":
        return f"{unit} is {state.get('ActiveState', 'unknown')}"
    if not now:
        return "the table is not loaded"
    if not stamp or stamp.get("file") != digest(wanted):
        return "the rules changed since they were loaded"
    return "" if stamp.get("table") == digest(now) else "someone else changed the table"


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    path, table, unit, wanted = (module.params[key] for key in ("path", "table", "unit", "content"))
    stamp_path = os.path.join(STAMPS, table.replace(" ", "-") + ".json")
    answer = runner.run(["systemctl", "show", "--property=ActiveState,UnitFileState,NeedDaemonReload", unit], 30)
    state = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    before = read(path)
    reason = why(state, unit, wanted, before, loaded(runner, table), read_stamp(stamp_path))
    enabled = state.get("UnitFileState") == "enabled"
    if reason:
        refuse_lock_out(runner, module.params["keep_open_to"])
    if not module.check_mode:
        if before != wanted:
            write(runner, path, wanted)
        if state.get("NeedDaemonReload") == "yes" or not state.get("UnitFileState"):
            systemctl(runner, "daemon-reload")
        if not enabled:
            systemctl(runner, "enable", unit)
        if reason:
            systemctl(runner, "reload" if state.get("ActiveState") == "active" else "start", unit)
            write_stamp(stamp_path, {"file": digest(wanted), "table": digest(loaded(runner, table))})
    result: dict[str, t.Any] = {"changed": bool(reason) or not enabled, "reason": reason}
    if module._diff:
        result["diff"] = {"before_header": path, "after_header": path, "before": before, "after": wanted}
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "required": True},
            "table": {"type": "str", "default": "inet railyard"},
            "unit": {"type": "str", "required": True},
            "keep_open_to": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
