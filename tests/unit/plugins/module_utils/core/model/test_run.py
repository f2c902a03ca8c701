# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a run: it comes back as it went, has the form of its schema, and refuses what is damaged in one sentence."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import jsonschema
import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Evidence, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import PairRate
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import NotTested, PairTest, RunNode, RunRecord

RECORD = RunRecord(
    run_id="20260302-090000-0001",
    inventory="inventories/site",
    started="2026-03-02T09:00:00+00:00",
    ended="2026-03-02T09:04:30+00:00",
    stages=("node", "pair"),
    nodes=(RunNode("node1", "SN1", "h100", "leaf1", "su1"), RunNode("node2", None, "", "", "")),
    results=(
        CheckResult(
            subject=Subject("rail", "node1 rail 1", "node1", 1),
            check="pair_bandwidth",
            verdict="fail",
            severity="critical",
            expected=0.93,
            observed=0.2,
            unit="Gbit/s",
            binding_limit="the node's link of 1 Gbit/s",
            evidence=(Evidence("node1 with node2, round 1", 0.2, 0.93, "Gbit/s", "raw/node1.json"), Evidence("what it said", "no route", None)),
            proof="lab",
            hint="Look at it.",
            remediation="Mend it.",
            run_id="20260302-090000-0001",
        ),
        CheckResult(subject=Subject("fleet", "all nodes"), check="uniformity", verdict="pass"),
    ),
    tests=(
        PairTest("network_bandwidth", "iperf3 3.18", "lab", "Gbit/s", 2, 3, {"same_leaf": 0.93, "other_leaf": 0.9}, (
            PairRate("node1", "node2", 0, 1, 0.2, False),
            PairRate("node1", "node2", 1, 4, None, True),
        )),
    ),
    not_tested=(NotTested("rdma_bandwidth", "no adapter has an active port"),),
    warnings=("node2 did not say its serial number.",),
)  # fmt: skip


def document() -> dict[str, t.Any]:
    return t.cast(dict[str, t.Any], json.loads(json.dumps(RECORD.to_dict())))


def test_it_comes_back_as_it_went() -> None:
    assert RunRecord.from_dict(document()) == RECORD


def test_the_document_is_flat_and_has_the_form_of_its_schema(repository: pathlib.Path) -> None:
    assert list(document())[:3] == ["schema", "schema_version", "run_id"]
    schema = json.loads((repository / "docs/schemas/findings.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document())


DAMAGE: list[tuple[t.Any, t.Any, str]] = [
    ((), [], "the record is not an object but a list."),
    (("schema",), "railyard.run", "the document is a 'railyard.run', not a railyard.findings. Give the findings.json of a validation run."),
    (("schema_version",), 2, "the record has version 2 and this Railyard reads version 1. Read it with the one that wrote it."),
    (("run_id",), None, "the field run_id is null where a text belongs."),
    (("stages",), ["node", 1], "the field stages is a list where a list of texts belongs."),
    (("nodes",), {}, "the field nodes is an object where a list belongs."),
    (("nodes", 1), "node2", "nodes[1]: it is not an object but 'node2'."),
    (("nodes", 1, "name"), "node1", "nodes: the node node1 is there twice."),
    (("nodes", 0, "serial"), 7, "nodes[0]: the field serial is '7' where a text belongs."),
    (("results", 0, "verdict"), "bad", "results[0]: the field verdict is 'bad' where one of pass, warn, fail, inconclusive belongs."),
    (("results", 0, "severity"), "x" * 50, f"results[0]: the field severity is '{'x' * 39}…' where one of info, warning, critical belongs."),
    (("results", 0, "proof"), "", "results[0]: the field proof is '' where one of hardware, lab, replay, stub, unproven belongs."),
    (("results", 0, "observed"), True, "results[0]: the field observed is true where a number belongs."),
    (("results", 0, "subject"), None, "results[0].subject: it is not an object but null."),
    (("results", 0, "subject", "kind"), 3, "results[0].subject: the field kind is '3' where one of node, gpu, rail, port, link, leaf, uplink, fleet belongs."),
    (("results", 0, "subject", "rail"), 1.5, "results[0].subject: the field rail is '1.5' where a whole number belongs."),
    (("results", 0, "evidence", 1, "what"), None, "results[0].evidence[1]: the field what is null where a text belongs."),
    (("tests", 0, "expected", "same_leaf"), "fast", "tests[0].expected: the field same_leaf is 'fast' where a number belongs."),
    (("tests", 0, "rails"), "2", "tests[0]: the field rails is '2' where a whole number belongs."),
    (("tests", 0, "pairs", 1, "rate"), float("nan"), "tests[0].pairs[1]: the field rate is 'nan' where a number belongs."),
    (("tests", 0, "pairs", 1, "confirm"), 1, "tests[0].pairs[1]: the field confirm is '1' where true or false belongs."),
    (("not_tested", 0, "why"), [], "not_tested[0]: the field why is a list where a text belongs."),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "sentence"), DAMAGE)
def test_what_is_damaged_is_refused(path: tuple[t.Any, ...], value: t.Any, sentence: str) -> None:
    damaged: t.Any = document()
    if path:
        holder = damaged
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value
    else:
        damaged = value
    with pytest.raises(CoreError) as caught:
        RunRecord.from_dict(damaged)
    assert str(caught.value).removesuffix(" The record is damaged, or was not written by Railyard.") == sentence


def test_whatever_is_missing_is_refused() -> None:
    """Each field that the schema requires, taken out one by one, at every depth."""

    def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in entries:
            if isinstance(value, dict):
                yield (*path, key)
            yield from places(inner, (*path, key))

    # An id follows from the rest, a tier may be missing, and a subject without a rail is on none.
    optional = ("id", "same_leaf", "other_leaf", "rail")
    for path in places(document()):
        damaged: t.Any = copy.deepcopy(document())
        holder = damaged
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        if path[-1] in optional and "pairs" not in path:
            RunRecord.from_dict(damaged)
            continue
        with pytest.raises(CoreError):
            RunRecord.from_dict(damaged)
