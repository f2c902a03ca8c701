# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: timeline
type: notification
short_description: Note when each task starts and how it ends on each host
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Appends one line of JSON per event to a file, so that what a run costs can be told per role, task and host.
  - The events are C(run) (a playbook starts, in check mode or not), C(node) (a host and the address it is reached at), C(task) (a task starts),
    C(result) (a task has ended on a host) and C(end).
  - Notes names and times, never arguments or results.
requirements:
  - enabled with C(ANSIBLE_CALLBACKS_ENABLED=railyard.cluster.timeline)
options:
  path:
    description: File to append to. Without one the callback does nothing.
    type: path
    env:
      - name: RAILYARD_TIMELINE
    ini:
      - section: callback_railyard_timeline
        key: path
"""

import json
import time
import typing as t

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

if t.TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook import Playbook
    from ansible.playbook.play import Play
    from ansible.playbook.task import Task


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "railyard.cluster.timeline"
    CALLBACK_NEEDS_ENABLED = True

    _nodes_noted = False

    def _note(self, event: str, **fields: t.Any) -> None:
        path = self.get_option("path")
        if path:
            line = json.dumps({"event": event, "time": time.time(), **fields})
            with open(path, "a", encoding="utf-8") as file:
                file.write(line + "\n")

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        self._note("run", check=bool(context.CLIARGS.get("check")))

    def v2_playbook_on_play_start(self, play: Play) -> None:
        if self._nodes_noted:
            return
        self._nodes_noted = True
        manager = play.get_variable_manager()
        for host in manager._inventory.get_hosts("all"):
            variables = manager.get_vars(play=play, host=host)
            address = Templar(play.get_loader(), variables).template(variables.get("ansible_host", host.name))
            self._note("node", host=host.name, address=str(address))

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        self._note("task", role=task._role.get_name() if task._role else "", task=task.name or task.action, uuid=task._uuid)

    v2_playbook_on_cleanup_task_start = v2_playbook_on_task_start

    def v2_playbook_on_handler_task_start(self, task: Task) -> None:
        self.v2_playbook_on_task_start(task, is_conditional=False)

    def _ended(self, result: CallbackTaskResult, status: str) -> None:
        self._note("result", host=result.host.name, uuid=result.task._uuid, status=status)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._ended(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._ended(result, "failed")

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._ended(result, "skipped")

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._ended(result, "unreachable")

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        self._note("end")
