# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page: it names nothing outside of itself, says what was found and what was not looked at, and escapes whatever a record holds."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import pathlib
import re
from dataclasses import replace

import pytest
from run_generator import Plan, make_run

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.history import Key, PastResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils import _report

VOID = {"meta", "br", "input", "img", "link", "hr"}


class Page(html.parser.HTMLParser):
    """Elements with their attributes, the text that is shown, and what does not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _tag, attributes in self.elements if "id" in attributes]


def record(nodes: int = 4, plan: Plan | None = None, **fields: object) -> RunRecord:
    made = make_run(nodes, 2, plan=plan or Plan(lost_gpu=(1,)), per_leaf=32 if nodes > 32 else 2)
    return RunRecord.from_dict(replace(made, **fields).to_dict())  # type: ignore[arg-type]


def page(made: RunRecord, **more: object) -> Page:
    return Page(_report.render("html", made, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("nodes", [4, 40, 150])
def test_it_is_well_formed_and_needs_nothing_else(nodes: int) -> None:
    text = _report.render("html", record(nodes, Plan(lost_gpu=(1,), old_firmware=tuple(range(12)) if nodes > 12 else ())))
    made = Page(text)
    assert (made.faults, made.open) == ([], [])
    assert len(made.ids()) == len(set(made.ids()))
    links = [value for _tag, attributes in made.elements for name, value in attributes.items() if name in ("src", "href", "xlink:href", "action", "data")]
    assert all(str(link).startswith("#") for link in links)
    assert {str(link)[1:] for link in links} <= set(made.ids())
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/)", text)


def test_only_its_own_script_may_run() -> None:
    text = _report.render("html", record(40))
    policy = next(
        attributes["content"] for tag, attributes in Page(text).elements if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    assert [name for _tag, attributes in Page(text).elements for name in attributes if name.startswith("on") or name == "style"] == []


def test_what_a_person_looks_for_is_there() -> None:
    shown = page(record()).text
    for words in (
        "gpu0002 is not as it should be.",
        "19 of 19 results come from stand-ins for hardware (grade stub )",
        "What to do Drain the node, power-cycle it",
        "serial number SN0000001, h100_sxm_8, on leaf01",
        "Xid 79 on 0000:3b:00.0",
        "nccl-tests 2.17.6, 2 rails, 3 rounds, 12 measurements",
        "storage_bandwidth : no storage is declared",
        "gpu_diag: dcgmi is not installed on any node.",
        "PCIe Gen5 x16 of each GPU",
        "There is no earlier run to compare with.",
        "2026-03-02 09:00 UTC",
    ):
        assert words in shown, words


def test_real_results_are_not_called_simulated() -> None:
    real = make_run(4, 2, per_leaf=2, proof="hardware")
    assert "Simulated." not in page(real).text
    mixed = replace(real, results=(replace(real.results[0], proof="stub"), *real.results[1:]))
    assert "1 of 19 results come from stand-ins" in page(mixed).text


def test_a_run_of_nothing() -> None:
    nothing = RunRecord("1", "site", "", "")
    shown = page(nothing)
    assert (shown.faults, shown.open) == ([], [])
    assert "Nothing was tested." in shown.text
    untested = replace(nothing, nodes=record().nodes)
    assert "Nodes without any result: gpu0001, gpu0002, gpu0003, gpu0004." in page(untested).text


def test_the_run_before() -> None:
    before = replace(record(plan=Plan()), run_id="20260301-090000-0000")
    shown = page(record(), previous=before).text
    assert "Run 20260301-090000-0000" in shown
    assert "New (1)" in shown
    assert "Gone: well again (1)" in page(before, previous=record()).text
    assert "The same findings as then." in page(record(), previous=record()).text
    assert "No findings, then as now." in page(before, previous=before).text


def test_what_fails_again_and_again() -> None:
    key = Key("SN7", "rdma_bandwidth", "rail rail 3")
    past = {key: [PastResult(f"r{day}", f"{day}", "node7", verdict, "lab", 1.0, "") for day, verdict in enumerate(("fail", "pass", "fail"))]}
    assert "node7 rail rail 3, rdma_bandwidth: failed in 2 of its last 3 runs, 2 times anew" in page(record(), past=past).text
    assert "Again and again" not in page(record()).text


def test_the_fabric_stands_in_a_frame_in_which_nothing_runs() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50.4"><style>text{fill:red}</style><script>1</script></svg>'
    text = _report.render("html", record(), fabric=svg)
    (frame,) = [attributes for tag, attributes in Page(text).elements if tag == "iframe"]
    assert (frame["sandbox"], frame["height"]) == ("", "70")
    assert svg in str(frame["srcdoc"])
    assert text.count("<script>1</script>") == 0
    for none in ("", "no picture", "<svg>"):
        assert "<iframe" not in _report.render("html", record(), fabric=none)


def test_many_findings_are_cut_and_counted() -> None:
    made = record(400, Plan(old_firmware=tuple(range(350))))
    shown = page(made)
    assert "350 nodes uniform_hca_firmware: gpu0001, gpu0002, gpu0003 …" in shown.text
    assert "50 more are in findings.json." in shown.text
    assert sum(attributes.get("class") == "finding" for _tag, attributes in shown.elements) < 310
    assert "28.36.1010: gpu[0001-0350]" in shown.text


def test_data_for_the_script_cannot_end_its_element() -> None:
    made = record(40)
    evil = "</script><script>1</script>"
    named = replace(made, nodes=(replace(made.nodes[0], leaf=evil), *made.nodes[1:]))
    text = _report.render("html", named)
    assert evil not in text
    (data,) = re.findall(r'<script type="application/json" id="pairs-1">(.*?)</script>', text, re.DOTALL)
    assert evil in [group["name"] for group in json.loads(data)["groups"]]


def test_the_other_forms() -> None:
    made = record()
    assert RunRecord.from_dict(json.loads(_report.render("json", made))) == made
    assert _report.render("junit", made).startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the record cannot be read: No such file or directory."),
        (b"", "the record is no JSON: "),
        (b"{\xff}", "the record is no JSON: "),
        (b"[" * 100_000, "the record is no JSON: "),
        (b"[]", "the record is not an object but a list."),
        (b'{"schema": "railyard.run"}', "the document is a 'railyard.run', not a railyard.findings."),
        (json.dumps(make_run().to_dict()).encode().replace(b'"rail": 3', b'"rail": "x"', 1), "nodes"),
    ],
)
def test_a_record_that_cannot_be_read(tmp_path: pathlib.Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "findings.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CoreError) as caught:
        _report.read_record(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value) or "the field rail is 'x' where a whole number belongs." in str(caught.value)
    assert "\n" not in str(caught.value)


def test_times_in_words() -> None:
    assert _report._time("2026-03-02T10:00:00+01:00") == "2026-03-02 09:00 UTC"
    assert _report._time("2026-03-02T09:00:00Z") == "2026-03-02 09:00 UTC"
    assert _report._time("yesterday") == "yesterday"
