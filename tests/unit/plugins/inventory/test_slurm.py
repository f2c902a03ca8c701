# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The slurm inventory plugin: hosts from scontrol, from a file and from slurmrestd."""

from __future__ import annotations

import http.server
import json
import pathlib
import ssl
import threading
import typing as t
from collections.abc import Iterator

import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from fake_redfish.certificates import Authority
from inventory_plugins import Parsed, Site, loaded

from ansible_collections.railyard.cluster.plugins.inventory import slurm

NODES = {
    "nodes": [
        {
            "name": f"gpu{n}",
            "state": ["IDLE", "DRAIN"] if n == 2 else ["MIXED"],
            "reason": "ECC memory error" if n == 2 else "",
            "gres": "gpu:h100:8",
            "gres_used": "gpu:h100:4(IDX:0-3)",
            "partitions": ["batch", "debug"] if n < 3 else ["batch"],
            "features": ["nvlink", "ib"],
            "cpus": 112,
            "real_memory": 2000000,
            "version": "25.11.1",
        }
        for n in range(1, 5)
    ],
    "errors": [],
}
TEXT = json.dumps(NODES)


def test_hosts_with_variables_and_groups(parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "nodes.json").write_text(TEXT)
    site = parsed(slurm, {"file": "nodes.json"})
    assert site.hosts == ["gpu1", "gpu2", "gpu3", "gpu4"]
    found = site.variables("gpu2")["slurm"]
    assert (found["states"], found["reason"], found["partitions"], found["cpus"]) == (["idle", "drain"], "ECC memory error", ["batch", "debug"], 112)
    assert found["gres"][0] | {"indexes": []} == {"name": "gpu", "type": "h100", "count": 8, "used": 4, "indexes": []}
    assert (site.group("slurm_partition_batch"), site.group("slurm_partition_debug")) == (site.hosts, ["gpu1", "gpu2"])
    assert (site.group("slurm_state_mixed"), site.group("slurm_state_drain")) == (["gpu1", "gpu3", "gpu4"], ["gpu2"])
    assert site.group("slurm_feature_nvlink") == site.group("slurm_gres_h100") == site.hosts
    assert site.group("slurm_reason_ecc_memory_error") == ["gpu2"]
    assert site.warnings == []


def test_a_command(parsed: Parsed) -> None:
    command = ["printf", "NodeName=n1 State=DOWN* Partitions=a Gres=gpu:2 Reason=Not responding [slurm@2026-03-01T00:00:00]\\n"]
    site = parsed(slurm, {"command": command, "groups": {"out": "'down' in slurm.states"}})
    assert site.hosts == site.group("out") == site.group("slurm_gres_gpu") == site.group("slurm_reason_not_responding") == ["n1"]
    with pytest.raises(AnsibleParserError, match=r"sh -c echo slurm_load_node error >&2; exit 1 ended with status 1: slurm_load_node error"):
        parsed(slurm, {"command": ["sh", "-c", "echo slurm_load_node error >&2; exit 1"]})


def test_hosts_join_by_name(parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "nodes.json").write_text(TEXT)
    site = Site(InventoryData(), [])
    site.inventory.add_host("gpu3.example.org")
    parsed(slurm, {"file": "nodes.json", "new_hosts": False}, into=site)
    assert site.hosts == ["gpu3.example.org"]
    assert site.variables("gpu3.example.org")["slurm"]["name"] == "gpu3"


def test_an_answer_that_was_cut_off(parsed: Parsed, tmp_path: pathlib.Path) -> None:
    text = "".join(f"NodeName=n{n} State=IDLE CPUTot=4 RealMemory=1000 Partitions=a\n" for n in range(3))
    (tmp_path / "nodes.txt").write_text(text[:-40])
    site = parsed(slurm, {"file": "nodes.txt"})
    assert "not all of Slurm's answer could be read at" in site.warnings[0]


class Restd(http.server.BaseHTTPRequestHandler):
    """Answers as slurmrestd does, to who knows the token."""

    asked: t.ClassVar[list[tuple[str, str | None, str | None]]] = []

    def do_GET(self) -> None:
        user, token = self.headers.get("X-SLURM-USER-NAME"), self.headers.get("X-SLURM-USER-TOKEN")
        self.asked.append((self.path, user, token))
        known = {"/slurm/v0.0.41/nodes": (200, TEXT), "/slurm/v0.0.99/nodes": (404, "{}"), "/slurm/v0.0.40/nodes": (302, "")}
        status, body = known.get(self.path, (500, "{}")) if token == "hush-hush" else (401, "Authentication failure")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/slurm/v0.0.41/nodes")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def restd(authority: Authority) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Restd)
    context: ssl.SSLContext = authority.server_context(["127.0.0.1"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_slurmrestd(restd: str, authority: Authority, parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("secret_slurm_token: hush-hush\n")
    Restd.asked.clear()
    site = parsed(slurm, {"url": f"{restd}/", "user": "railyard", "token": "{{ secret_slurm_token }}", "ca_path": str(authority.ca_path)})
    assert site.hosts == ["gpu1", "gpu2", "gpu3", "gpu4"]
    assert Restd.asked == [("/slurm/v0.0.41/nodes", "railyard", "hush-hush")]
    assert not [path for path in (tmp_path / "cache").iterdir() if "hush-hush" in path.read_text()]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "/slurm/v0.0.41/nodes can't be asked: "),
        ({"ca_path": "ca", "token": "wrong-token"}, "/slurm/v0.0.41/nodes: HTTP status 401. Is the token still valid?"),
        ({"ca_path": "ca", "api_version": "v0.0.99"}, "/slurm/v0.0.99/nodes: HTTP status 404. Does it have this api_version?"),
        ({"ca_path": "ca", "api_version": "v0.0.40"}, "/slurm/v0.0.40/nodes: HTTP status 302."),
        ({"ca_path": "ca", "api_version": "v0.0.1"}, "/slurm/v0.0.1/nodes: HTTP status 500."),
        ({"ca_path": "ca", "api_version": "../x"}, "api_version is '../x'; it has the form v0.0.41."),
        ({"url": "https://127.0.0.1:1"}, "https://127.0.0.1:1/slurm/v0.0.41/nodes can't be asked: "),
        ({"url": "ftp:x"}, "ftp:x/slurm/v0.0.41/nodes can't be asked: "),
    ],
)
def test_errors_of_slurmrestd(options: dict[str, t.Any], sentence: str, restd: str, authority: Authority, parsed: Parsed) -> None:
    if "ca_path" in options:
        options = {**options, "ca_path": str(authority.ca_path)}
    with pytest.raises(AnsibleParserError) as caught:
        parsed(slurm, {"url": restd, "token": "hush-hush", **options})
    assert sentence in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert "wrong-token" not in str(caught.value)


def test_a_certificate_may_be_left_unchecked(restd: str, parsed: Parsed) -> None:
    assert len(parsed(slurm, {"url": restd, "token": "hush-hush", "validate_certs": False}).hosts) == 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "one of command, file and url has to say where Slurm is asked; there is none."),
        ({"file": "a", "url": "b"}, "one of command, file and url has to say where Slurm is asked; there is file and url."),
        ({"file": "nothere"}, "nothere can't be read: No such file or directory."),
        ({"file": "html"}, "html: there is no node in this output"),
        ({"command": ["true"]}, "true: the output is empty"),
        ({"url": "{{ nothere }}"}, "url can't be evaluated"),
    ],
)
def test_errors(options: dict[str, t.Any], sentence: str, parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "html").write_text("<html></html>")
    with pytest.raises(AnsibleError) as caught:
        parsed(slurm, options)
    assert sentence in str(caught.value)


def test_the_examples_are_valid(tmp_path: pathlib.Path) -> None:
    options = set(loaded(slurm).option_definitions)
    examples = list(yaml.safe_load_all(slurm.EXAMPLES))
    assert len(examples) == 2
    for example in examples:
        assert set(example) <= options
    (tmp_path / "slurm.railyard.yml").write_text("x")
    assert loaded(slurm).verify_file(str(tmp_path / "slurm.railyard.yml"))
