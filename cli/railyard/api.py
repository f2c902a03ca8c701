# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Python API: drive Railyard from a program as the command does. See docs/python-api.md.

What is not named here is private and may change.
"""

from __future__ import annotations

from railyard.core.errors import CoreError
from railyard.events import Event
from railyard.execute import run
from railyard.places import collection_root, inventory_path, state_directory
from railyard.request import RunRequest, arguments, command_line
from railyard.result import Change, Failure, HostStats, RunResult, Status, TaskResult

__all__ = [
    "Change",
    "CoreError",
    "Event",
    "Failure",
    "HostStats",
    "RunRequest",
    "RunResult",
    "Status",
    "TaskResult",
    "arguments",
    "collection_root",
    "command_line",
    "inventory_path",
    "run",
    "state_directory",
]
