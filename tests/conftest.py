# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all tests share, and the rule that a test may be left out only for a reason that is on the list."""

from __future__ import annotations

import fnmatch
import os
import pathlib
import subprocess
import time
import typing as t

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
ALLOWED_SKIPS = REPOSITORY / "tests/allowed_skips.txt"
ON_THE_LAB = ("tests/integration/lab/", "tests/integration/test_molecule.py")


@pytest.fixture(scope="session")
def repository() -> pathlib.Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def project_files(repository: pathlib.Path) -> list[pathlib.Path]:
    """Every file of the project, relative to the checkout: tracked, or new and not ignored."""
    # Root may run the tests in a checkout of another user's.
    command = ["git", "-c", f"safe.directory={repository}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    return [pathlib.Path(name) for name in sorted(set(listing.stdout.split("\0"))) if name and (repository / name).is_file()]


def allowed(test: str, reason: str, rules: t.Iterable[str]) -> bool:
    """Say whether a line ``test pattern | reason pattern`` of the list allows this test to be skipped for this reason."""
    for rule in rules:
        test_pattern, separator, reason_pattern = rule.partition("|")
        if separator and fnmatch.fnmatchcase(test, test_pattern.strip()) and fnmatch.fnmatchcase(reason, reason_pattern.strip()):
            return True
    return False


class SkipGate:
    """Collect the tests that were left out; one whose reason is not on the list fails the run."""

    def __init__(self) -> None:
        self.skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        self.skipped[report.nodeid] = reason.removeprefix("Skipped: ")

    def refused(self) -> dict[str, str]:
        """Return the skipped tests that no line of the list allows, with their reasons."""
        lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
        rules = [line for line in lines if line.strip() and not line.startswith("#")]
        return {test: reason for test, reason in self.skipped.items() if not allowed(test, reason, rules)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and self.refused():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: t.Any) -> None:
        refused = self.refused()
        terminalreporter.section("left out")
        terminalreporter.write_line(f"{len(self.skipped)} tests skipped, {len(refused)} of them for a reason that is not in tests/allowed_skips.txt")
        if "RAILYARD_STARTED" in os.environ:
            terminalreporter.write_line(f"{time.time() - float(os.environ['RAILYARD_STARTED']):.0f} s in all, preparation included")
        for test, reason in sorted(self.skipped.items() - refused.items()):
            terminalreporter.write_line(f"{test}: {reason}")
        for test, reason in refused.items():
            terminalreporter.write_line(f"NOT ALLOWED {test}: {reason}", red=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs the lab where the lab cannot run; the reason is that of every other part of the project."""
    on_the_lab = [item for item in items if item.get_closest_marker("lab")]
    if on_the_lab:
        possible = subprocess.run([REPOSITORY / ".ci/lab-possible.sh"], capture_output=True, text=True, check=False)
        for item in on_the_lab if possible.returncode else []:
            item.add_marker(pytest.mark.skip(reason=possible.stdout.strip()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: t.Any) -> t.Any:
    """Give all tests of the lab to one process, where tests run side by side: they share labs, and wait for nodes while the others compute."""
    from xdist.scheduler import LoadScopeScheduling

    class LabTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "the lab" if nodeid.startswith(ON_THE_LAB) else nodeid

    return LabTogether(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refuse-skips", action="store_true", help="fail when a test is skipped for a reason that is not in tests/allowed_skips.txt")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--refuse-skips"):
        config.pluginmanager.register(SkipGate(), "railyard-skip-gate")
