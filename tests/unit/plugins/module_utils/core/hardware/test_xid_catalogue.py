# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue of Xids: every number once, each action with advice, and some entries read off NVIDIA's page."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware import xid_catalogue as catalogue


def test_every_number_is_there_once() -> None:
    assert list(catalogue.XIDS) == list(range(1, 173))
    assert all(number == xid.number for number, xid in catalogue.XIDS.items())


@pytest.mark.parametrize("xid", catalogue.XIDS.values(), ids=lambda xid: str(xid.number))
def test_an_entry_is_whole(xid: catalogue.Xid) -> None:
    assert xid.action is None or xid.action in catalogue.HINTS
    assert xid.name
    assert not xid.name.endswith(".")
    assert xid.mnemonic == xid.mnemonic.upper()
    assert xid.meaning.endswith(".")


@pytest.mark.parametrize(
    ("number", "action"),
    [
        (13, "RESTART_APP"),
        (31, "RESTART_APP"),
        (43, "IGNORE"),
        (45, "WORKFLOW_XID_45"),
        (48, "WORKFLOW_XID_48"),
        (54, "CHECK_MECHANICALS"),
        (63, "IGNORE"),
        (64, "RESET_GPU"),
        (74, "WORKFLOW_NVLINK_ERR"),
        (79, "RESTART_BM"),
        (94, "RESTART_APP"),
        (95, "RESET_GPU"),
        (119, "RESET_GPU"),
        (120, "RESET_GPU"),
        (137, "IGNORE"),
        (149, "WORKFLOW_NVLINK5_ERR"),
        (154, "XID_154"),
    ],
)
def test_actions_as_nvidia_has_them(number: int, action: str) -> None:
    assert catalogue.XIDS[number].action == action


def test_what_xid_154_says_has_advice() -> None:
    assert set(catalogue.RECOVERY_ACTIONS.values()) <= set(catalogue.HINTS)
