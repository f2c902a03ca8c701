# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a task is."""

from __future__ import annotations

from railyard.events import Event
from railyard.terminal.tally import Tally


def test_hosts_done_of_all() -> None:
    tally = Tally()
    for event in (Event("play", play="Base"), Event("task", task="One", role="railyard.cluster.base"), *(Event("start", host=name) for name in "abc")):
        tally.add(event)
    assert (tally.play, tally.title(), tally.done, tally.total) == ("Base", "base: One", 0, 3)
    for event in (Event("ok", host="a"), Event("changed", host="b"), Event("unreachable", host="c")):
        tally.add(event)
    assert (tally.done, tally.total, tally.counts()) == (3, 3, "1 ok, 1 changed, 1 unreachable")


def test_a_lost_host_is_not_waited_for() -> None:
    tally = Tally()
    for event in (Event("start", host="a"), Event("start", host="b"), Event("failed", host="b"), Event("task", task="Two"), Event("start", host="a")):
        tally.add(event)
    assert (tally.done, tally.total) == (0, 1)


def test_a_new_play_starts_over() -> None:
    tally = Tally()
    for event in (Event("start", host="a"), Event("ok", host="a"), Event("play", play="Next")):
        tally.add(event)
    assert (tally.play, tally.title(), tally.done, tally.total) == ("Next", "", 0, 0)
