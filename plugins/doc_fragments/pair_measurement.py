# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that measure pairs of nodes have in common: all but the tool."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    support: full
    details: Nothing is started, and nothing fetched.
  diff_mode:
    support: N/A
    details: It changes nothing that lasts.
  idempotent:
    support: N/A
    details: It measures each time.
options:
  state:
    description:
      - V(started) starts the node's part. V(fetched) waits for its end and brings what came of it to the controller.
    type: str
    choices: [started, fetched]
    required: true
  folder:
    description:
      - The measurement's folder on the controller, which M(railyard.cluster.pair_schedule) made. It has the parts; what is fetched goes there.
    type: path
    required: true
  phase:
    description: Which of the measurement's schedules.
    type: str
    choices: [rounds, confirm]
    default: rounds
  _part:
    description: The node's part, which the action takes from the folder.
    type: dict
  _token:
    description: What the nodes show each other, which the action takes from the folder.
    type: str
  _sources:
    description: Networks of the nodes that take part, which the action takes from the folder.
    type: list
    elements: str
    default: []
  _ports:
    description: The ports, which the action takes from the folder.
    type: str
    default: ""
notes:
  - The node's agent (role P(railyard.cluster.node_agent#role)) follows the whole schedule by itself. The nodes agree on the start among themselves, so that
    one operation starts any number of rounds and one fetches what came of them, however many nodes are reached at a time.
  - The agent runs as a transient unit of systemd, without privileges, and is ended with all that it started when its time is over.
    Where Railyard's firewall runs, the ports are opened to the nodes that take part for as long as that.
  - It measures and judges nothing; M(railyard.cluster.pair_verdict) does. Each node's part comes from M(railyard.cluster.pair_schedule).
"""
