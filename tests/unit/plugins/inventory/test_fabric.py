# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fabric inventory plugin: hosts of an InfiniBand fabric and of an Ethernet fabric."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from inventory_plugins import Parsed, Site, loaded

from ansible_collections.railyard.cluster.plugins.inventory import fabric

LEAVES = 2


def discovery(hosts: int = 8, *, dead: frozenset[tuple[int, int]] = frozenset(), slow: frozenset[tuple[int, int]] = frozenset(), domain: str = "") -> str:
    """Return what ibnetdiscover prints of hosts with two rails below two units of two leaves and one spine. ``dead`` and ``slow``: host and rail."""
    text = ["# Topology file: generated on Mon Mar  2 09:15:30 2026", "# Initiated from node 00a0cc0000000100 port 00a0cc0000000100", ""]
    cas = []
    spine = []
    for unit in range(2):
        for rail in range(LEAVES):
            guid, lid = f"a0aa00000000{unit}{rail}", 10 + 2 * unit + rail
            lines = [f'Switch\t65 "S-00{guid}"\t\t# "leaf-{unit}-{rail}" enhanced port 0 lid {lid} lmc 0']
            for host in range(unit * hosts // 2, (unit + 1) * hosts // 2):
                if (host, rail) in dead:
                    continue
                ca, speed = f"a0cc0000{host:04}{rail:02}", "2xHDR" if (host, rail) in slow else "4xNDR"
                name = f"node{host}{domain} mlx5_{rail}"
                lines.append(f'[{host + 1}]\t"H-00{ca}"[1]({ca}) \t\t# "{name}" lid {100 + 2 * host + rail} {speed}')
                cas.append(
                    f'vendid=0x2c9\ndevid=0x1021\nsysimgguid=0x{ca}\ncaguid=0x{ca}\nCa\t1 "H-00{ca}"\t\t# "{name}"\n'
                    f'[1]({ca}) \t"S-00{guid}"[{host + 1}]\t\t# lid {100 + 2 * host + rail} lmc 0 "leaf-{unit}-{rail}" lid {lid} {speed}\n'
                )
            for cable in range(4):
                port = 10 * unit + 4 * rail + cable + 1
                lines.append(f'[{60 + cable}]\t"S-00a0bb0000000001"[{port}]\t\t# "spine-1" lid 9 4xNDR')
                spine.append(f'[{port}]\t"S-00{guid}"[{60 + cable}]\t\t# "leaf-{unit}-{rail}" lid {lid} 4xNDR')
            text += [f"vendid=0x2c9\ndevid=0xd2f2\nsysimgguid=0x{guid}\nswitchguid=0x{guid}({guid})", *lines, ""]
    text += ["vendid=0x2c9\ndevid=0xd2f2\nsysimgguid=0xa0bb0000000001\nswitchguid=0xa0bb0000000001(a0bb0000000001)"]
    text += ['Switch\t65 "S-00a0bb0000000001"\t\t# "spine-1" enhanced port 0 lid 9 lmc 0', *spine, ""]
    return "\n".join([*text, *cas]) + "\n"


@pytest.fixture
def saved(tmp_path: pathlib.Path) -> t.Callable[..., str]:
    def save(name: str = "fabric.txt", **how: t.Any) -> str:
        (tmp_path / name).write_text(discovery(**how))
        return name

    return save


def test_hosts_with_variables_and_groups(saved: t.Callable[..., str], parsed: Parsed) -> None:
    site = parsed(fabric, {"ibnetdiscover": [{"file": saved()}]})
    assert site.hosts == [f"node{n}" for n in range(8)]
    assert site.group("fabric_leaf_leaf_0_0") == site.group("fabric_leaf_leaf_0_1") == ["node0", "node1", "node2", "node3"]
    assert sorted(site.group("fabric_rail_1")) == site.hosts
    units = {site.variables(host)["fabric"]["unit"] for host in site.hosts}
    assert len(units) == 2
    found = site.variables("node5")["fabric"]
    assert site.group(f"fabric_unit_{found['unit'].replace('-', '_')}") == ["node4", "node5", "node6", "node7"]
    assert found["leaves"] == ["leaf-1-0", "leaf-1-1"]
    assert found["ports"][1] == {
        "rail": 1,
        "device": "mlx5_1",
        "adapter": "0x00a0cc0000000501",
        "port": 1,
        "guid": "0x00a0cc0000000501",
        "lid": 111,
        "leaf": "leaf-1-1",
        "leaf_port": 6,
        "width": "4x",
        "speed": "NDR",
        "rate_gbits_per_s": 400,
    }
    assert found["faults"] == []
    assert (site.group("fabric_faults"), site.warnings) == ([], [])


def test_what_is_wrong_with_a_hosts_links(saved: t.Callable[..., str], parsed: Parsed) -> None:
    site = parsed(fabric, {"ibnetdiscover": [{"file": saved(dead=frozenset({(2, 1)}), slow=frozenset({(5, 0)}))}]})
    assert site.group("fabric_faults") == ["node2", "node5"]
    assert "node2" in site.variables("node2")["fabric"]["faults"][0]
    assert len(site.variables("node2")["fabric"]["ports"]) == 1
    assert "node5" in site.variables("node5")["fabric"]["faults"][0]
    assert site.variables("node0")["fabric"]["faults"] == []
    defects = site.inventory.groups["all"].get_vars()["fabric_defects"]
    assert [[name for name in ("node2", "node5") if name in sentence] for sentence in defects] == [["node2"], ["node5"]]


def test_what_is_wrong_between_switches_is_in_a_variable_of_all(tmp_path: pathlib.Path, parsed: Parsed) -> None:
    """A cable between switches is no host's, so no host would tell of it."""
    whole = discovery()
    slow = whole.replace('"S-00a0bb0000000001"[1]\t\t# "spine-1" lid 9 4xNDR', '"S-00a0bb0000000001"[1]\t\t# "spine-1" lid 9 1xNDR')
    slow = slow.replace('[1]\t"S-00a0aa0000000000"[60]\t\t# "leaf-0-0" lid 10 4xNDR', '[1]\t"S-00a0aa0000000000"[60]\t\t# "leaf-0-0" lid 10 1xNDR')
    assert slow != whole
    (tmp_path / "fabric.txt").write_text(slow)
    site = parsed(fabric, {"ibnetdiscover": [{"file": "fabric.txt"}], "variable": "ib"})
    (sentence,) = site.inventory.groups["all"].get_vars()["ib_defects"]
    assert "leaf-0-0 port 60" in sentence
    assert site.group("fabric_faults") == []


def test_a_command(saved: t.Callable[..., str], parsed: Parsed, tmp_path: pathlib.Path) -> None:
    site = parsed(fabric, {"ibnetdiscover": [{"command": ["cat", str(tmp_path / saved())]}]})
    assert len(site.hosts) == 8
    with pytest.raises(AnsibleParserError, match=r"fabric\.railyard\.yml: sh -c echo no route to host; exit 255 ended with status 255: no route to host"):
        parsed(fabric, {"ibnetdiscover": [{"command": ["sh", "-c", "echo no route to host; exit 255"]}]})
    with pytest.raises(AnsibleParserError, match=r"sleep 9 did not end within 0\.1 s\."):
        parsed(fabric, {"ibnetdiscover": [{"command": ["sleep", "9"]}], "timeout": 0.1})


def test_planes(tmp_path: pathlib.Path, parsed: Parsed) -> None:
    """Two discoveries of fabrics that know nothing of each other are one inventory."""
    (tmp_path / "a.txt").write_text(discovery())
    other = discovery()
    for one, another in (("a0aa", "a0ab"), ("a0bb", "a0bc"), ("a0cc", "a0cd"), ("leaf-", "other-"), ("mlx5_", "mlx5_1")):
        other = other.replace(one, another)
    (tmp_path / "b.txt").write_text(other)
    site = parsed(fabric, {"ibnetdiscover": [{"file": "a.txt"}, {"file": "b.txt"}]})
    assert len(site.variables("node0")["fabric"]["ports"]) == 4


def test_hosts_join_by_name(saved: t.Callable[..., str], parsed: Parsed) -> None:
    """With the domain or without; one whose short name is not alone is not guessed at."""
    site = Site(InventoryData(), [])
    for name in ("node0", "node1.site.example.org", "node2.a", "node2.b"):
        site.inventory.add_host(name)
    options = {"ibnetdiscover": [{"file": saved(domain=".ib")}]}
    parsed(fabric, {**options, "new_hosts": False}, into=site)
    assert site.hosts == ["node0", "node1.site.example.org", "node2.a", "node2.b"]
    assert [host for host in site.hosts if "fabric" in site.variables(host)] == ["node0", "node1.site.example.org"]
    parsed(fabric, options, into=site)
    assert site.hosts[4:] == ["node2.ib", "node3.ib", "node4.ib", "node5.ib", "node6.ib", "node7.ib"]


def test_a_truncated_discovery_is_said_to_be_one(tmp_path: pathlib.Path, parsed: Parsed) -> None:
    text = discovery()
    (tmp_path / "x.txt").write_text(text[: text.index("Ca\t1")])
    site = parsed(fabric, {"ibnetdiscover": [{"file": "x.txt"}]})
    assert len(site.hosts) == 8
    assert "not all of the fabric could be read at" in site.warnings[0]


def test_composed_groups(saved: t.Callable[..., str], parsed: Parsed) -> None:
    options = {"keyed_groups": [{"key": "fabric.ports | map(attribute='rate_gbits_per_s') | map('int') | unique | map('string') | list", "prefix": "rate"}]}
    site = parsed(fabric, {"ibnetdiscover": [{"file": saved(slow=frozenset({(5, 0)}))}], "variable": "fabric", **options})
    assert site.group("rate_100") == ["node5"]
    assert len(site.group("rate_400")) == 8


def test_answers_are_kept(saved: t.Callable[..., str], parsed: Parsed, tmp_path: pathlib.Path) -> None:
    options = {"ibnetdiscover": [{"file": saved()}]}
    fresh = parsed(fabric, options)
    os.unlink(tmp_path / "fabric.txt")
    cached = parsed(fabric, options)
    assert {host: cached.variables(host) for host in cached.hosts} == {host: fresh.variables(host) for host in fresh.hosts}
    with pytest.raises(AnsibleParserError, match=r"fabric\.txt can't be read: No such file or directory\."):
        parsed(fabric, options, cache=False)


# Ethernet.


def neighbours(host: int) -> dict[str, t.Any]:
    """Return what lldpctl -f json prints on a host with two rails and a management port."""
    unit = host // 4
    seen = [(f"rdma{rail}", f"leaf-{unit}-{rail}", f"Ethernet1/{host + 1}") for rail in range(2)] + [("eno1", "mgmt-switch", f"ge-0/0/{host}")]
    interfaces = []
    for name, switch, port in seen:
        chassis = {switch: {"id": {"type": "mac", "value": "02:00:00:00:00:01"}}}
        interfaces.append({name: {"via": "LLDP", "chassis": chassis, "port": {"id": {"type": "ifname", "value": port}}}})
    return {"lldp": {"interface": interfaces}}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> str:
    (tmp_path / "lldp").mkdir()
    for host in range(8):
        (tmp_path / "lldp" / f"node{host}.json").write_text(json.dumps(neighbours(host)))
    return "lldp"


def test_an_ethernet_fabric(folder: str, parsed: Parsed) -> None:
    site = parsed(fabric, {"lldp": [{"folder": folder}], "interfaces": "^rdma"})
    assert site.hosts == [f"node{n}" for n in range(8)]
    found = site.variables("node6")["fabric"]
    assert [(port["device"], port["leaf"], port["leaf_port"], port["rail"]) for port in found["ports"]] == [
        ("rdma0", "leaf-1-0", "Ethernet1/7", 0),
        ("rdma1", "leaf-1-1", "Ethernet1/7", 1),
    ]
    assert site.group("fabric_leaf_leaf_1_1") == ["node4", "node5", "node6", "node7"]
    assert not site.group("fabric_leaf_mgmt_switch")


def test_outputs_in_one_file_or_of_a_command(parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps({f"node{n}": neighbours(n) if n % 2 else json.dumps(neighbours(n)) for n in range(7)}))
    (tmp_path / "node7.txt").write_text(json.dumps(neighbours(7)))
    sources = [{"file": "all.json"}, {"command": ["cat", str(tmp_path / "node7.txt")], "host": "node7"}]
    assert len(parsed(fabric, {"lldp": sources, "interfaces": "^rdma"}).hosts) == 8


def test_one_bad_output_costs_one_host(folder: str, parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "lldp/node3.json").write_text("unable to connect to socket /run/lldpd.socket")
    site = parsed(fabric, {"lldp": [{"folder": folder}], "interfaces": "^rdma"})
    assert "node3" not in site.hosts
    assert len(site.hosts) == 7
    assert "node3: lldpd could not be asked: unable to connect to socket" in site.warnings[0]


# Errors.


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "either ibnetdiscover or lldp has to say where the fabric is known from."),
        ({"ibnetdiscover": [{"file": "x"}], "lldp": [{"file": "x"}]}, "either ibnetdiscover or lldp has to say"),
        ({"ibnetdiscover": [{}]}, "ibnetdiscover[0]: one of the following is required: command, file."),
        ({"ibnetdiscover": [{"file": "x", "command": ["y"]}]}, "ibnetdiscover[0]: parameters are mutually exclusive: command|file."),
        ({"ibnetdiscover": [{"path": "x"}]}, "ibnetdiscover[0]: "),
        ({"lldp": [{"folder": "x", "host": "y"}]}, "lldp[0]: parameters are mutually exclusive: folder|host."),
        ({"lldp": [{"folder": "nothere"}]}, "nothere can't be read: No such file or directory."),
        ({"lldp": [{"folder": "empty"}]}, "empty has no file."),
        ({"lldp": [{"file": "list.json"}]}, "lldp[0] is no JSON object of hosts; for the output of one host, add its name as host."),
        ({"lldp": [{"file": "lldp.json"}]}, "lldp[0] is no JSON object of hosts"),
        ({"lldp": [{"file": "lldp.json", "host": "n"}], "interfaces": "("}, "'(' is no regular expression"),
        ({"lldp": [{"file": "list.json", "host": "n"}]}, "the neighbours of no host could be read. n: "),
        ({"ibnetdiscover": [{"file": "list.json"}]}, "fabric.railyard.yml: "),
        ({"ibnetdiscover": [{"file": "switches.txt"}]}, "no host hangs on this fabric"),
        ({"ibnetdiscover": [{"file": "{{ nothere }}"}]}, "ibnetdiscover[0].file can't be evaluated"),
    ],
)
def test_errors(options: dict[str, t.Any], sentence: str, parsed: Parsed, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "lldp.json").write_text(json.dumps(neighbours(1)))
    text = discovery(hosts=0)
    (tmp_path / "switches.txt").write_text(text)
    with pytest.raises(AnsibleError) as caught:
        parsed(fabric, options)
    assert sentence in str(caught.value)
    assert "railyard.yml" in str(caught.value)


def test_the_examples_are_valid() -> None:
    options = set(loaded(fabric).option_definitions)
    examples = list(yaml.safe_load_all(fabric.EXAMPLES))
    assert len(examples) == 3
    for example in examples:
        assert set(example) <= options
    for name, spec in (("ibnetdiscover", fabric.DISCOVERY), ("lldp", fabric.NEIGHBOURS)):
        assert set(yaml.safe_load(fabric.DOCUMENTATION)["options"][name]["suboptions"]) == set(spec["argument_spec"])


def test_files(tmp_path: pathlib.Path) -> None:
    for name in ("fabric.railyard.yml", "storage.fabric.railyard.yaml"):
        (tmp_path / name).write_text("x")
        assert loaded(fabric).verify_file(str(tmp_path / name))
    (tmp_path / "slurm.railyard.yml").write_text("x")
    assert not loaded(fabric).verify_file(str(tmp_path / "slurm.railyard.yml"))
