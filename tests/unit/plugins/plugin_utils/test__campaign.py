# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A measurement's folder: what is written there, what is refused, and that it reads back as it was."""

from __future__ import annotations

import gzip
import json
import pathlib
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import CONFIRM, ROUNDS
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.tools import Iperf3, Perftest
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder, campaigns_from, rails_from_facts, sources, write_private

OUTPUT = {"schema": "railyard.measurement.result", "schema_version": 2, "node": "rack1/n1", "slots": []}


TEST = "network_bandwidth"


def definition(count: int = 4, *, test: str = TEST, options: t.Any = None, settings: t.Any = None, **changes: t.Any) -> dict[str, t.Any]:
    tests = [{"test": test, "options": options or {}, "settings": settings or {}}]
    nodes = [{"name": f"rack1/n{number}", "address": f"10.0.0.{number}", "leaf": "leaf1"} for number in range(1, count + 1)]
    return {"tests": tests, "run_id": "run", "nodes": nodes, "ports": "28100-28109", "sources": ["10.0.0.0/24"], **changes}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> CampaignFolder:
    made = CampaignFolder(str(tmp_path / "network"))
    made.create(definition())
    return made


def test_everything_reads_back_as_it_was(folder: CampaignFolder) -> None:
    (campaign,) = campaigns_from(definition())
    assert campaigns_from(folder.definition()) == (campaign,)
    assert folder.rounds(ROUNDS, TEST) == campaign.plan()
    assert folder.rounds(CONFIRM, TEST) == folder.rounds(ROUNDS, "rdma_bandwidth") == ()
    assert folder.shared() == {"sources": ["10.0.0.0/24"], "ports": "28100-28109"}
    part = folder.part(ROUNDS, "rack1/n1")
    assert part is not None and (part["node"], part["nodes"]) == ("rack1/n1", 4)
    assert folder.part(ROUNDS, "login1") is None
    assert folder.part(CONFIRM, "rack1/n1") is None


def test_files_are_their_owners_alone(folder: CampaignFolder) -> None:
    root = pathlib.Path(folder.path)
    files = [path for path in root.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(root).as_posix() for path in files) == [*(f"rounds/parts/rack1%2Fn{number}.json" for number in range(1, 5)), "schedule.json"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_dir()} == {0o700}


def test_nodes_share_a_token_that_no_other_phase_has(folder: CampaignFolder) -> None:
    folder.confirm({TEST: folder.rounds(ROUNDS, TEST)[:1]})
    tokens = {phase: {(folder.part(phase, f"rack1/n{number}") or {})["token"] for number in range(1, 5)} for phase in (ROUNDS, CONFIRM)}
    assert len(tokens[ROUNDS]) == len(tokens[CONFIRM]) == 1 and tokens[ROUNDS] != tokens[CONFIRM]
    assert len(folder.rounds(ROUNDS, TEST)) == 3 and len(folder.rounds(CONFIRM, TEST)) == 1
    assert "token" not in (pathlib.Path(folder.path) / "schedule.json").read_text()


def test_outputs_are_kept_by_node(folder: CampaignFolder) -> None:
    assert folder.outputs(ROUNDS) == {}
    path = folder.keep(ROUNDS, "rack1/n1", json.dumps(OUTPUT).encode())
    assert path.endswith("/rounds/outputs/rack1%2Fn1.json.gz")
    assert (folder.outputs(ROUNDS), folder.outputs(CONFIRM)) == ({"rack1/n1": OUTPUT}, {})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "rack1%2Fn1.json.gz: it cannot be read: "),
        (b"not gzip", "it cannot be read: Not a gzipped file"),
        (gzip.compress(json.dumps(OUTPUT).encode(), mtime=0)[:-12], "it cannot be read: Compressed file ended"),
        (gzip.compress(b'{"schema": ', mtime=0), "it cannot be read: Expecting value"),
        (gzip.compress(b"[]", mtime=0), "this is no output of this Railyard's agent. Install it: railyard apply --tags node_agent; then measure again."),
        (gzip.compress(json.dumps({**OUTPUT, "schema_version": 1}).encode(), mtime=0), "this is no output of this Railyard's agent."),
    ],
)
def test_a_damaged_output_is_one_sentence(folder: CampaignFolder, content: bytes, sentence: str) -> None:
    pathlib.Path(folder.keep(ROUNDS, "rack1/n1", b"")).write_bytes(content)
    with pytest.raises(CoreError) as caught:
        folder.outputs(ROUNDS)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"schema": "railyard.measurement.schedule", "schema_version": 1}', '{"schema": "railyard.measurement.schedule", "schema_version": 2}', "{"],
)
def test_a_damaged_schedule_is_one_sentence(folder: CampaignFolder, content: str) -> None:
    (pathlib.Path(folder.path) / "schedule.json").write_text(content)
    with pytest.raises(CoreError, match=r"network/schedule\.json: (this is no schedule of this Railyard's|it cannot be read)"):
        folder.definition()


def test_a_damaged_part_and_a_folder_without_a_measurement(folder: CampaignFolder, tmp_path: pathlib.Path) -> None:
    (pathlib.Path(folder.path) / "rounds/parts/rack1%2Fn1.json").write_text("{")
    with pytest.raises(CoreError, match=r"rounds/parts/rack1%2Fn1\.json: it cannot be read"):
        folder.part(ROUNDS, "rack1/n1")
    with pytest.raises(CoreError, match=r"there is no measurement here\. Plan one first: railyard\.cluster\.pair_schedule\."):
        CampaignFolder(str(tmp_path)).part(ROUNDS, "rack1/n1")


def test_a_folder_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CoreError, match=r"file/x: it cannot be written: "):
        write_private(f"{tmp_path}/file/x", b"")


# What is asked for


def test_numbers_may_come_from_a_command_line() -> None:
    (campaign,) = campaigns_from(definition(options={"seconds": "3", "streams": None}, settings={"material_loss": "0.2", "partners": "3"}, rounds="5"))
    assert campaign.tool == Iperf3(seconds=3)
    assert (campaign.settings.material_loss, campaign.settings.partners, campaign.rounds) == (0.2, 3, 5)
    nodes = [{"name": "a", "address": "10.0.0.1", "rails": [{"number": 0, "device": "mlx5_0"}]}]
    (rdma,) = campaigns_from(definition(test="rdma_bandwidth", nodes=nodes, options={"gid_index": "3"}))
    assert rdma.tool == Perftest(gid_index=3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ports": "http"}, "validate_ports: 'http' is no range of ports. Write 28100-28131."),
        ({"ports": "28100-"}, "validate_ports: '28100-' is no range of ports. Write 28100-28131."),
        ({"options": {"second": 1}}, "options: nothing is called 'second'. There are: seconds, omit_s, streams."),
        ({"options": {"seconds": "long"}}, "options: seconds is 'long', which is no number of its kind."),
        ({"options": {"seconds": 0}}, "seconds of iperf3 is 0, and 1 is the least."),
        ({"settings": {"materal_loss": 1}}, "settings: nothing is called 'materal_loss'. There are: material_loss, z, partners, "),
        ({"settings": {"other_leaf": []}}, "settings: other_leaf is [], which is no number of its kind."),
    ],
)
def test_what_cannot_be_meant(changes: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(CoreError) as caught:
        campaigns_from(definition(**changes))
    assert str(caught.value).startswith(sentence)


def test_sources_hold_the_nodes_and_nobody_else() -> None:
    assert sources(["10.0.0.1", "10.0.0.0", "10.0.0.3", "10.0.0.2", "fd00::1", "10.0.1.1"]) == ["10.0.0.0/30", "10.0.1.1/32", "fd00::1/128"]
    with pytest.raises(CoreError, match=r"validate_address: 'node1' is no address\. Nodes are measured at an address, not at a name\."):
        sources(["node1"])


# Rails


def test_rails_are_those_with_a_port_that_is_up(tmp_path: pathlib.Path) -> None:
    def hca(name: str, rail: int | None, *ports: tuple[str, float]) -> dict[str, t.Any]:
        common = dict.fromkeys(("guid", "physical_state", "rate_text", "link_layer", "lid", "netdev"))
        listed = [{**common, "port": number, "state": state, "rate_gbits_per_s": rate} for number, (state, rate) in enumerate(ports, 1)]
        return {"name": name, "rail": rail, "ports": listed}

    up, slow, down = ("Active", 200.0), ("Active", 100.0), ("Down", 400.0)
    hcas = [hca("mlx5_0", 0, up), hca("mlx5_1", 1, down), hca("mlx5_2", None, up), hca("mlx5_3", 2, down, up), hca("mlx5_4", 3), hca("mlx5_5", 4, slow, up)]
    (tmp_path / "rack1%2Fn1.json").write_text(json.dumps({"hcas": hcas}))
    found = rails_from_facts(str(tmp_path), "rack1/n1")
    assert found == [{"number": 0, "device": "mlx5_0", "port": 1}, {"number": 2, "device": "mlx5_3", "port": 2}, {"number": 4, "device": "mlx5_5", "port": 2}]
    assert rails_from_facts(str(tmp_path), "rack1/n2") == []


@pytest.mark.parametrize("content", ["{", "[]", '{"hcas": [{"rail": 0}]}'])
def test_damaged_facts_are_one_sentence(tmp_path: pathlib.Path, content: str) -> None:
    (tmp_path / "n1.json").write_text(content)
    with pytest.raises(CoreError, match=r"n1\.json: it cannot be read: .*\. It is to be what node_health writes with facts\.$"):
        rails_from_facts(str(tmp_path), "n1")
