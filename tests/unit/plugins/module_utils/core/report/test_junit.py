# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JUnit in the form that the schemas in use have in common."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from run_generator import Plan, make_run

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Evidence, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
from ansible_collections.railyard.cluster.plugins.module_utils.core.report.junit import junit

# Of each element: the attributes that it must have, and its children in their order.
FORM = {
    "testsuites": (set(), ["testsuite"]),
    "testsuite": (
        {"id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname", "time"}, ["skipped", "failure"]),
    "failure": ({"type", "message"}, []),
    "skipped": ({"message"}, []),
    "system-out": (set(), []),
    "system-err": (set(), []),
}


def faults(element: ET.Element) -> list[str]:
    attributes, children = FORM[element.tag]
    found = [] if set(element.keys()) == attributes else [f"{element.tag} has {sorted(element.keys())}"]
    order = [children.index(child.tag) if child.tag in children else -1 for child in element]
    if -1 in order or order != sorted(order):
        found.append(f"{element.tag} holds {[child.tag for child in element]}")
    if element.tag == "testsuite":
        found += [] if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.get("timestamp", "")) else ["the time is none"]
        found += [
            f"{name} of {element.get('name')} is wrong"
            for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("skipped", "testcase/skipped"))
            if element.get(name) != str(len(element.findall(tag)))
        ]
        found += [] if [child.tag for child in element if child.tag != "testcase"] == ["properties", "system-out", "system-err"] else ["a part is missing"]
    if element.tag == "testcase" and len(element) > 1:
        found.append("a case has two outcomes")
    return found + [fault for child in element for fault in faults(child)]


def test_the_form() -> None:
    root = ET.fromstring(junit(make_run(64, plan=Plan(dead=(3,), lost_gpu=(1, 2), old_firmware=(5,)))))
    assert faults(root) == []
    assert sum(int(suite.get("failures", "")) for suite in root) == 2
    assert sum(int(suite.get("skipped", "")) for suite in root) == 1


def test_a_suite_for_each_check_and_a_case_for_each_subject() -> None:
    evil = "<node>&\"'\x01\n"
    subject = Subject("node", evil, evil)
    results = (
        CheckResult(subject, "rdma", "fail", "critical", 47.8, 30.0, "GB/s", "PCIe", (Evidence("round 1", 30.0, 47.8, "GB/s"),), "stub", "Look.", "Mend."),
        CheckResult(Subject("node", "n2", "n2"), "rdma", "warn", hint="Look."),
        CheckResult(Subject("node", "n2", "n2"), "gpus", "inconclusive", hint="It was lost."),
        CheckResult(Subject("node", "n3", "n3"), "gpus", "pass"),
    )
    root = ET.fromstring(junit(RunRecord("1", "site", "2026-03-02T10:00:00+01:00", "", results=results)))
    assert faults(root) == []
    assert [(suite.get("name"), suite.get("timestamp"), suite.get("hostname")) for suite in root] == [
        ("rdma", "2026-03-02T09:00:00", "site"),
        ("gpus", "2026-03-02T09:00:00", "site"),
    ]
    first, second = root[0].findall("testcase")
    assert (first.get("name"), first.get("classname")) == ("<node>&\"'? ", "railyard.rdma")
    failure = first.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("critical", "rdma: 30 instead of 47.8 GB/s")
    assert failure.text == "rdma: 30 instead of 47.8 GB/s\nPCIe\nLook.\nMend.\nIt was simulated (grade stub).\n  round 1: 30.0 GB/s"
    assert list(second) == []
    assert root[0].findtext("system-out") == "warn: n2: rdma: warn\nLook."
    assert root[1].find("testcase/skipped").get("message") == "It was lost."  # type: ignore[union-attr]


def test_a_run_without_results_or_time() -> None:
    assert faults(ET.fromstring(junit(RunRecord("1", "site", "", "")))) == []
    one = RunRecord("1", "", "yesterday", "", results=(CheckResult(Subject("node", "a", "a"), "x", "pass"),))
    assert ET.fromstring(junit(one))[0].get("timestamp") == "1970-01-01T00:00:00"
    assert faults(ET.fromstring(junit(one))) == []
