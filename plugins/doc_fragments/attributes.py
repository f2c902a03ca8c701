# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the attributes of the collection's modules mean, and the answers that many of them share."""

from __future__ import annotations


class ModuleDocFragment:
    """Every module names the first fragment; a variant, or its own C(attributes), says what it supports."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode, and says whether it would change something without changing it.
  diff_mode:
    description: Shows what has changed, or in check mode what would change, when Ansible runs with C(--diff).
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
"""

    # Brings a node to a state.
    STATE = r"""
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    # Only looks.
    READ_ONLY = r"""
attributes:
  check_mode:
    support: full
    details: It changes nothing.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: full
    details: It changes nothing.
"""

    # Has an action plugin of the same name.
    ACTION = r"""
attributes:
  action:
    description: Has an action plugin, which does some or all of the work on the controller.
    support: full
"""
