#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mariadb_databases
short_description: Have a MariaDB server keep given databases and users, in one remote operation
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Creates databases and users, sets passwords that differ, and grants each user everything in its database.
  - Uses the C(mariadb) client over the server's socket as root. A password is never on a command line nor in a statement; its hash is.
  - Databases, users and rights that are not listed are left alone.
  - In check mode a server that does not answer yet counts as empty.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  databases:
    description: Databases with their users.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the database.
        type: str
        required: true
      user:
        description: User that may do everything in the database.
        type: str
      password:
        description: The user's password.
        type: str
      hosts:
        description: Where the user may come from. V(localhost) is the socket.
        type: list
        elements: str
        default: [localhost]
  socket:
    description: The server's socket. Without it the client's own default.
    type: path
  client:
    description: The client.
    type: str
    default: mariadb
  remove_anonymous:
    description: Whether users without a name are removed.
    type: bool
    default: true
  remove_test:
    description: Whether the database C(test) and everyone's rights on it are removed.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Keep the accounting database
  railyard.cluster.mariadb_databases:
    databases:
      - name: slurm_acct_db
        user: slurm
        password: "{{ secret_slurm_database_password }}"
"""

RETURN = r"""
done:
  description: What was changed, or would be in check mode, a line each.
  returned: success
  type: list
  elements: str
  sample: [create database slurm_acct_db, create user slurm@localhost]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import mariadb
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError


def ask(module: AnsibleModule, sql: str) -> str:
    """Send statements through the client's standard input; return what it printed."""
    command = ["timeout", "--kill-after=5", "300", module.params["client"], "--no-defaults", "--batch", "--skip-column-names", "--user=root"]
    command += [f"--socket={module.params['socket']}"] if module.params["socket"] else []
    rc, stdout, stderr = module.run_command(command, data=sql, environ_update={"LC_ALL": "C", "LANGUAGE": "C"})
    if rc:
        raise CoreError(
            f"MariaDB refuses: {stderr.strip() or f'{command[3]} ended with status {rc}'}.",
            hint="The server must run and let root in over its socket (unix_socket), as it does after installation.",
        )
    return stdout


def observe(module: AnsibleModule, wanted: list[mariadb.Wanted]) -> tuple[mariadb.Observed, str]:
    """Return what the server has, and the rights of the users that exist. In check mode it may not be there yet."""
    try:
        observed = mariadb.parse_observed(ask(module, mariadb.OBSERVE))
    except CoreError:
        if not module.check_mode:
            raise
        return mariadb.Observed(), ""
    present = [account for account in mariadb.accounts(wanted) if account in observed.users]
    return observed, ask(module, mariadb.show_grants(present)) if present else ""


def work(module: AnsibleModule) -> dict[str, t.Any]:
    wanted = mariadb.check(module.params["databases"])
    observed, grants = observe(module, wanted)
    statements = mariadb.plan(
        wanted, observed, grants.splitlines(), remove_anonymous=module.params["remove_anonymous"], remove_test=module.params["remove_test"]
    )
    if statements and not module.check_mode:
        ask(module, "".join(f"{statement.sql};\n" for statement in statements))
    done = [statement.text for statement in statements]
    result: dict[str, t.Any] = {"changed": bool(done), "done": done}
    if module._diff:
        result["diff"] = {"before_header": "mariadb", "after_header": "mariadb", "before": "", "after": "".join(f"{line}\n" for line in done)}
    return result


def main() -> None:
    database = {
        "name": {"type": "str", "required": True},
        "user": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "hosts": {"type": "list", "elements": "str", "default": ["localhost"]},
    }
    module = AnsibleModule(
        argument_spec={
            "databases": {"type": "list", "elements": "dict", "required": True, "options": database},
            "socket": {"type": "path"},
            "client": {"type": "str", "default": "mariadb"},
            "remove_anonymous": {"type": "bool", "default": True},
            "remove_test": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module))


if __name__ == "__main__":
    main()
