# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A measurement from its schedule to its verdict, with nodes that answer from the parts that they were given."""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.action import pair_bandwidth, pair_schedule, pair_verdict
from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.measurement import part_from_dict
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder

from ..module_utils.core.measure.answers import brought_back

NAMES = [f"node{number}" for number in range(1, 7)]
NODES = [{"name": name, "address": f"10.0.0.{place}", "leaf": "leaf1", "gbits_per_s": 10} for place, name in enumerate(NAMES, 1)]


def run(module: t.Any, arguments: dict[str, t.Any], *, check: bool = False, variables: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
    action = module.ActionModule.__new__(module.ActionModule)
    action._task = types.SimpleNamespace(args=arguments, async_val=0, check_mode=check)
    action._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
    action._play_context = types.SimpleNamespace(check_mode=check)
    return dict(action.run(task_vars=variables or {}))


def plan(folder: pathlib.Path, *, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
    tests = [{"test": "network_bandwidth", "settings": {"material_loss": 0.1}, "proof": "lab"}]
    arguments = {"tests": tests, "folder": str(folder), "run_id": "run", "nodes": NODES, "ports": "28100-28109", **changes}
    return run(pair_schedule, arguments, check=check)


def measure(folder: pathlib.Path, phase: str, *, slow: str = "", without: t.Collection[str] = ()) -> None:
    kept = CampaignFolder(str(folder))
    documents = {name: kept.part(phase, name) for name in NAMES}
    parts = {name: part_from_dict(document) for name, document in documents.items() if document}
    for name, output in brought_back(parts, lambda server, client: 5.0 if slow in (server, client) else 9.4).items():
        if name not in without:
            kept.keep(phase, name, json.dumps(output).encode())


def judge(folder: pathlib.Path, phase: str = "rounds", *, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
    return run(pair_verdict, {"folder": str(folder), "phase": phase, **changes}, check=check)


def verdict(folder: pathlib.Path, place: int = 0) -> dict[str, t.Any]:
    return dict(json.loads((folder / "verdict.json").read_text())["verdicts"][place])


def bad(folder: pathlib.Path) -> list[tuple[str, str]]:
    return [(result["subject"]["name"], result["verdict"]) for result in verdict(folder)["results"] if result["verdict"] != "pass"]


def test_nothing_slow_is_said_after_the_rounds(tmp_path: pathlib.Path) -> None:
    planned = plan(tmp_path)
    nodes = {"network_bandwidth": NAMES}
    assert planned == {"changed": True, "folder": str(tmp_path), "nodes": nodes, "rounds": 5, "pairs": 15, "seconds": pytest.approx(5 * 8.5 - 0.2)}
    measure(tmp_path, "rounds")
    answer = judge(tmp_path)
    assert (answer["confirm"], answer["path"]) == ([], f"{tmp_path}/verdict.json")
    document = verdict(tmp_path)
    test = document["test"]
    assert (test["test"], test["tool"], test["proof"], test["rounds"], len(test["pairs"])) == ("network_bandwidth", "iperf3 3.12", "lab", 5, 15)
    assert (bad(tmp_path), document["problems"], document["absent"]) == ([], [], [])
    assert [result["check"] for result in document["results"]].count("network_bandwidth_declared") == 1


def test_what_looks_slow_is_measured_again_and_then_named(tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    measure(tmp_path, "rounds", slow="node3")
    answer = judge(tmp_path)
    assert "node3" in answer["confirm"] and len(answer["confirm"]) == 3 and answer["seconds"] > 0
    assert not (tmp_path / "verdict.json").exists()
    measure(tmp_path, "confirm", slow="node3")
    assert judge(tmp_path, "confirm")["confirm"] == []
    assert bad(tmp_path) == [("node3", "fail")]
    test = verdict(tmp_path)["test"]
    assert (test["rounds"], sum(pair["confirm"] for pair in test["pairs"])) == (5, 2)


def test_the_same_outputs_give_the_same_file(tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    measure(tmp_path, "rounds", slow="node3", without=["node5"])
    judge(tmp_path, confirm=False)
    first = (tmp_path / "verdict.json").read_bytes()
    judge(tmp_path, "confirm")
    assert (tmp_path / "verdict.json").read_bytes() == first


def test_without_confirmation_it_is_said_at_once(tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    measure(tmp_path, "rounds", slow="node3")
    assert judge(tmp_path, confirm=False)["confirm"] == []
    assert bad(tmp_path) == [("node3", "fail")]
    assert not (tmp_path / "confirm").exists()


def test_a_node_that_brought_nothing_back_is_absent_and_inconclusive(tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    measure(tmp_path, "rounds", without=["node5"])
    judge(tmp_path)
    assert verdict(tmp_path)["absent"] == ["node5"]
    assert bad(tmp_path) == [("node5", "inconclusive")]


def test_nothing_came_back_at_all(tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    judge(tmp_path)
    assert verdict(tmp_path)["absent"] == NAMES
    assert {entry for _name, entry in bad(tmp_path)} == {"inconclusive"} and len(bad(tmp_path)) == len(NAMES)
    assert verdict(tmp_path)["test"]["expected"] == {}


def test_one_node_has_nobody_to_be_measured_with(tmp_path: pathlib.Path) -> None:
    assert plan(tmp_path, nodes=NODES[:1])["pairs"] == 0
    judge(tmp_path)
    assert bad(tmp_path) == [("node1", "inconclusive")]


RDMA = [{"test": "network_bandwidth", "settings": {"material_loss": 0.1}, "proof": "lab"}, {"test": "rdma_bandwidth", "proof": "stub"}]


def facts(folder: pathlib.Path, names: t.Iterable[str]) -> None:
    folder.mkdir()
    port = {**dict.fromkeys(("guid", "physical_state", "rate_gbits_per_s", "rate_text", "link_layer", "lid", "netdev")), "port": 1, "state": "Active"}
    hcas = [{"name": f"mlx5_{rail}", "rail": rail, "ports": [port]} for rail in (0, 1)]
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps({"hcas": hcas}))


def test_rdma_follows_in_the_same_schedule_between_the_nodes_that_have_rails(tmp_path: pathlib.Path) -> None:
    facts(tmp_path / "facts", NAMES[:4])
    nodes = [{**node, "rail_gbits_per_s": 9.9} for node in NODES]
    planned = plan(tmp_path, tests=RDMA, facts_folder=str(tmp_path / "facts"), nodes=nodes)
    assert planned["nodes"] == {"network_bandwidth": NAMES, "rdma_bandwidth": NAMES[:4]}
    assert (planned["rounds"], planned["pairs"]) == (5 + 3, 15 + 6)
    measure(tmp_path, "rounds", slow="node3")
    assert "node3" in judge(tmp_path)["confirm"]
    measure(tmp_path, "confirm", slow="node3")
    judge(tmp_path, "confirm")
    tests = [verdict(tmp_path, place) for place in (0, 1)]
    assert [(one["test"]["test"], one["test"]["rails"], one["test"]["proof"]) for one in tests] == [
        ("network_bandwidth", 1, "lab"),
        ("rdma_bandwidth", 2, "stub"),
    ]
    for one in tests:
        bad_ones = [(result["subject"]["name"], result["check"], result["verdict"]) for result in one["results"] if result["verdict"] != "pass"]
        assert bad_ones == [("node3", one["test"]["test"], "fail")]
        assert sum(pair["confirm"] for pair in one["test"]["pairs"]) == 2 * one["test"]["rails"]
    declared = [result for result in tests[1]["results"] if result["check"] == "rdma_bandwidth_declared"]
    assert [(result["verdict"], result["expected"]) for result in declared] == [("pass", pytest.approx(0.9 * 9.9))]


def test_without_a_rail_it_is_said_that_rdma_was_not_tested(tmp_path: pathlib.Path) -> None:
    plan(tmp_path, tests=RDMA, facts_folder=str(tmp_path / "none"))
    measure(tmp_path, "rounds")
    judge(tmp_path)
    document = json.loads((tmp_path / "verdict.json").read_text())
    assert [one["test"]["test"] for one in document["verdicts"]] == ["network_bandwidth"]
    assert document["not_tested"] == [{"what": "rdma_bandwidth", "why": "no node has a rail that is up"}]


def test_check_mode_writes_nothing(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "network"
    assert plan(folder, check=True)["pairs"] == 15
    assert judge(folder, check=True) == {"changed": False, "skipped": True, "msg": "Nothing is measured in check mode."}
    assert not folder.exists()


def test_what_is_wrong_is_one_sentence(tmp_path: pathlib.Path) -> None:
    with pytest.raises(AnsibleActionFail, match="validate_ports: 'x' is no range of ports"):
        plan(tmp_path, ports="x")
    with pytest.raises(AnsibleActionFail, match="'node1' is no address"):
        plan(tmp_path, nodes=[{"name": "node1", "address": "node1"}])
    assert not list(tmp_path.iterdir())
    with pytest.raises(AnsibleActionFail, match=r"schedule\.json: it cannot be read"):
        judge(tmp_path)


# The node's half, as the controller calls it


def call(monkeypatch: pytest.MonkeyPatch, answer: dict[str, t.Any], host: str, arguments: dict[str, t.Any], *, check: bool = False) -> t.Any:
    ran: list[dict[str, t.Any]] = []

    def execute(_action: ActionBase, *, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        assert module_name == "railyard.cluster.pair_bandwidth"
        ran.append(module_args)
        return dict(answer)

    monkeypatch.setattr(ActionBase, "_execute_module", execute)
    return run(pair_bandwidth, arguments, check=check, variables={"inventory_hostname": host}), ran


def test_a_node_gets_its_part_and_the_token_apart_from_it(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    result, (arguments,) = call(monkeypatch, {"changed": True, "invocation": {}}, "node2", {"state": "started", "folder": str(tmp_path)})
    assert result == {"changed": True}
    assert (arguments["_part"]["node"], arguments["_ports"], arguments["_sources"]) == (
        "node2",
        "28100-28109",
        ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"],
    )
    assert "token" not in arguments["_part"] and len(arguments["_token"]) > 20


def test_what_a_node_brought_back_is_kept_and_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    content = base64.b64encode(gzip.compress(b'{"schema": "railyard.measurement.result", "schema_version": 2, "node": "node2"}')).decode()
    answer = {"changed": False, "status": "done", "content": content}
    result, _ran = call(monkeypatch, answer, "node2", {"state": "fetched", "folder": str(tmp_path)})
    assert result == {"changed": False, "status": "done", "path": f"{tmp_path}/rounds/outputs/node2.json.gz"}
    assert set(CampaignFolder(str(tmp_path)).outputs("rounds")) == {"node2"}


def test_a_host_without_a_part_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    plan(tmp_path)
    result, ran = call(monkeypatch, {}, "login1", {"state": "started", "folder": str(tmp_path)})
    assert (result["skipped"], result["msg"], ran) == (True, "login1 has no part in this.", [])
    result, ran = call(monkeypatch, {}, "node1", {"state": "fetched", "folder": str(tmp_path)}, check=True)
    assert (result["skipped"], ran) == (True, [])
    with pytest.raises(AnsibleActionFail, match="there is no measurement here"):
        call(monkeypatch, {}, "node1", {"state": "started", "folder": str(tmp_path / "none")})
