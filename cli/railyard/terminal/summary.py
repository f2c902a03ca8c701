# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run came to: a table per host, the failures, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard.result import Failure, HostStats, RunResult

_MANY_HOSTS = 40
_MANY_FAILURES = 20
_COLUMNS = (("ok", "green"), ("changed", "yellow"), ("failed", "red"), ("unreachable", "red"), ("skipped", "cyan"))


def print_summary(console: Console, result: RunResult, *, next_steps: Sequence[str] = ()) -> None:
    """Print a run's end. ``next_steps`` are command lines, for a run that ended well."""
    if result.hosts:
        console.print(_host_table(result.hosts))
    for failure in result.failures[:_MANY_FAILURES]:
        console.print(_failure(failure), soft_wrap=True)
    if len(result.failures) > _MANY_FAILURES:
        console.print(f"and {len(result.failures) - _MANY_FAILURES} more failures: see the log.", highlight=False)
    console.print(Text(verdict(result)), soft_wrap=True)
    nothing_to_make = result.request.check and not result.changes
    steps = _after_failure(result) if result.status != "done" else () if nothing_to_make else next_steps
    for step in steps:
        console.print(Text(f"  next: {step}"), soft_wrap=True)
    console.print(Text(f"  log: {result.log}", style="dim"), soft_wrap=True)


def verdict(result: RunResult) -> str:
    """Return the run's end in one sentence."""
    if result.message:
        return f"{result.message} {result.hint}".strip()
    changed = len({change.host for change in result.changes})
    hosts = _counted(len(result.hosts), "host")
    if result.status == "failed":
        lost = len({failure.host for failure in result.failures})
        return f"Failed on {lost} of {hosts} after {result.seconds:.0f} s."
    if not result.changes:
        return f"{hosts}: nothing {'would change' if result.request.check else 'changed'}, {result.seconds:.0f} s."
    return f"{_counted(len(result.changes), 'change')} {'would be made ' if result.request.check else ''}on {changed} of {hosts}, {result.seconds:.0f} s."


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _host_table(hosts: Sequence[HostStats]) -> Table:
    shown = hosts if len(hosts) <= _MANY_HOSTS else [host for host in hosts if host.changed or host.failed or host.unreachable]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("host")
    for name, _style in _COLUMNS:
        table.add_column(name, justify="right")
    table.add_column("seconds", justify="right")
    for host in shown:
        table.add_row(Text(host.host), *(_number(getattr(host, name), style) for name, style in _COLUMNS), f"{host.seconds:.1f}")
    if len(shown) < len(hosts):
        table.add_row(Text(f"{len(hosts) - len(shown)} more, nothing to tell", style="dim"))
    return table


def _number(value: int, style: str) -> Text:
    return Text(str(value), style=style if value else "dim")


def _failure(failure: Failure) -> Text:
    where = f"{failure.role.rpartition('.')[2]}: {failure.task}" if failure.role else failure.task
    first, *rest = failure.message.splitlines() or [""]
    text = Text()
    text.append(f"{failure.host}", style="bold red")
    text.append(f": {where}: {'does not answer: ' if failure.unreachable else ''}{first}")
    for line in rest:
        text.append(f"\n    {line}", style="dim")
    return text


def _after_failure(result: RunResult) -> list[str]:
    if result.status != "failed":
        return []
    names = sorted({failure.host for failure in result.failures})
    again = f"after mending it, the same command again; with --limit {','.join(names)} for what failed alone"
    return [again] if len(names) <= 10 and len(names) < len(result.hosts) else ["after mending it, the same command again"]
