# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two runs side by side: which findings are new, which are still there, and which are gone, by what."""

from __future__ import annotations

from dataclasses import dataclass

from ..history import REGRESSION, Key, keys
from ..model.finding import CheckResult, findings
from ..model.run import RunRecord


@dataclass(frozen=True)
class Comparison:
    """Findings of a run and of the one before. A node is the same by its serial number, whatever its name."""

    new: tuple[CheckResult, ...] = ()
    """Passed before, or wasn't tested."""
    worse: tuple[tuple[CheckResult, CheckResult], ...] = ()
    """Now and before: fails, and did not fail yet."""
    still: tuple[tuple[CheckResult, CheckResult], ...] = ()
    """Now and before."""
    better: tuple[CheckResult, ...] = ()
    """Findings of the run before that pass now."""
    untested: tuple[CheckResult, ...] = ()
    """Findings of the run before that were not looked at now: nobody knows whether they are gone."""

    @property
    def same(self) -> bool:
        return not (self.new or self.worse or self.better or self.untested)


def compare(record: RunRecord, previous: RunRecord) -> Comparison:
    """Return what differs, the worst first."""
    before = dict(zip(keys(previous), previous.results))
    now = dict(zip(keys(record), record.results))
    new, worse, still = [], [], []
    for result, key in _findings(now):
        earlier = before.get(key)
        if earlier is None or earlier.verdict == "pass":
            new.append(result)
        elif result.verdict == "fail" and earlier.verdict != "fail":
            worse.append((result, earlier))
        else:
            still.append((result, earlier))
    seen: dict[tuple[str, str], list[str]] = {}
    for key, result in now.items():
        seen.setdefault((key.identity, key.check), []).append(result.verdict)
    checked = {key.check for key in now}
    identities = {key.identity for key in now}
    better, untested = [], []
    for result, key in _findings(before):
        if key in now:
            better += [result] if now[key].verdict == "pass" else []
            continue
        # Some results are there only where something is wrong: a rail's, a leaf's, a regression. What stands for them is what they belong to.
        check = key.check[: -len(REGRESSION)] if key.check.endswith(REGRESSION) else key.check
        alike = seen.get((key.identity, check), ["pass"] if check in checked and (not result.subject.node or key.identity in identities) else [])
        if "pass" in alike:
            better.append(result)
        elif "fail" not in alike:
            untested.append(result)
    return Comparison(tuple(new), tuple(worse), tuple(still), tuple(better), tuple(untested))


def _findings(results: dict[Key, CheckResult]) -> list[tuple[CheckResult, Key]]:
    key_of = {id(result): key for key, result in results.items()}
    return [(result, key_of[id(result)]) for result in findings(results.values())]
