# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The redfish inventory plugin: names, variables and groups of hosts, options and their errors, the cache."""

from __future__ import annotations

import pathlib
import re
import ssl
import typing as t
from collections.abc import Callable, Iterator

import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.vault import VaultLib
from fake_redfish.certificates import Authority
from fake_redfish.machines import KINDS, machine
from fake_redfish.server import Service, answer, running
from inventory_plugins import Parsed, Site, VaultSecret, loaded

from ansible_collections.railyard.cluster.plugins.inventory import redfish

Swept = Callable[..., Site]
QUICK = {"connect_timeout": 0.5, "timeout": 0.5, "deadline": 3}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def served(authority: Authority) -> ssl.SSLContext:
    return authority.server_context(["127.0.0.1"])


@pytest.fixture
def swept(parsed: Parsed, served: ssl.SSLContext, authority: Authority) -> Swept:
    """Return a function that runs services and parses an inventory file that lists them."""

    def sweep(*services: Service, login: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> Site:
        with running(services, served) as places:
            range_ = {"addresses": list(places), "username": "admin", "password": "secret", "ca_path": str(authority.ca_path), **(login or {})}
            return parsed(redfish, {"bmcs": [range_], **QUICK, **options})

    return sweep


def services(*kinds: str) -> list[Service]:
    return [Service(machine(kind, number)) for number, kind in enumerate(kinds or KINDS, 1)]


def test_hosts_with_variables_and_groups(swept: Swept) -> None:
    site = swept(*services())
    assert site.hosts == ["SN00001", "TAG0002", "SN00003", "SN00004", "SN00005"]
    found = site.variables("TAG0002")["redfish"]
    assert (found["vendor"], found["model"], found["serial"], found["bios_version"]) == ("dell", "PowerEdge XE0000", "SN00002", "2.4.6")
    assert (found["memory_gib"], found["power_state"], found["health"], found["gpu_count"]) == (2048, "On", "OK", 8)
    assert (found["complete"], found["faults"], found["warnings"]) == (True, [], [])
    assert found["manager"] == {"model": None, "firmware_version": "1.2.3"}
    assert re.fullmatch(r"127\.0\.0\.1:\d+", found["bmc"])
    assert [nic["mac"] for nic in found["nics"]][-2:] == ["02:00:00:00:02:00", "02:00:00:00:02:01"]
    assert found["gpus"][7]["serial"] == "GPU000027"
    assert site.group("redfish_vendor_dell") == ["TAG0002"]
    assert site.group("redfish_model_dgx_example") == ["SN00004"]
    assert sorted(site.group("redfish_gpu_nvidia_x900_80gb")) == sorted(site.hosts)
    assert site.everybody == {"redfish_failed": []}
    assert site.warnings == []


def test_composed_variables_and_groups(swept: Swept) -> None:
    site = swept(
        *services("dell", "hgx"),
        compose={"boot_mac": "redfish.nics | selectattr('mac') | map(attribute='mac') | first"},
        groups={"big": "redfish.memory_gib >= 2048", "off": "redfish.power_state != 'On'"},
        keyed_groups=[{"key": "redfish.bios_version", "prefix": "bios"}],
    )
    assert site.variables("SN00002")["boot_mac"] == "02:00:00:00:02:00"
    assert (site.group("big"), site.group("off"), site.group("bios_2_4_6")) == (["TAG0001", "SN00002"], [], ["TAG0001", "SN00002"])


def test_what_cannot_be_composed_is_an_error_where_it_should_be(swept: Swept) -> None:
    assert "x" not in swept(*services("dell"), compose={"x": "nothere.really"}).variables("TAG0001")
    with pytest.raises(AnsibleError, match="Could not set x for host TAG0001"):
        swept(*services("dell"), compose={"x": "nothere.really"}, strict=True)


# Names.


@pytest.mark.parametrize(
    ("hostnames", "names"),
    [
        (["serial"], ["SN00001", "SN00002"]),
        (["hostname", "service_tag"], ["node1", "TAG0002"]),
        (["asset_tag", "uuid"], ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"]),
        (["{{ names[serial] }}", "serial"], ["SN00001", "r7u12"]),
        (["{{ redfish.vendor }}-{{ serial[-2:] }}"], ["supermicro-01", "dell-02"]),
        (["{{ nothere }}"], None),
    ],
)
def test_names(hostnames: list[str], names: list[str] | None, swept: Swept, tmp_path: pathlib.Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("names: {SN00002: r7u12}\n")
    site = swept(*services("generic", "dell"), hostnames=hostnames)
    if names is None:  # Nothing else is left: the BMC's address.
        assert all(re.fullmatch(r"127\.0\.0\.1-\d+", name) for name in site.hosts)
    else:
        assert site.hosts == names


def test_a_name_that_cannot_be_made_is_an_error_where_it_should_be(swept: Swept) -> None:
    with pytest.raises(AnsibleParserError, match="hostnames can't be evaluated"):
        swept(*services("dell"), hostnames=["{{ nothere }}"], strict=True)


def test_an_unknown_field_for_a_name(swept: Swept) -> None:
    with pytest.raises(AnsibleParserError, match=r"hostnames has 'servicetag': use a template, or one of service_tag, serial, uuid,"):
        swept(*services("dell"), hostnames=["servicetag"])


def test_names_that_would_be_trouble(swept: Swept) -> None:
    bad = services("generic", "generic", "generic")
    for service, serial in zip(bad, ("localhost", "all", "a b/../{{ 7*7 }}"), strict=True):
        service.resources["/redfish/v1/Systems/1"]["SerialNumber"] = serial  # type: ignore[index]
    site = swept(*bad)
    assert site.hosts == ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "a-b-..-7-7"]


def test_what_a_bmc_says_is_not_evaluated(swept: Swept) -> None:
    """Neither when it is found nor from the cache: a model may be anything."""
    evil = services("generic")
    evil[0].resources["/redfish/v1/Systems/1"]["Model"] = "{{ lookup('ansible.builtin.pipe', 'echo hacked') }}"  # type: ignore[index]
    for _time in ("fresh", "cached"):
        site = swept(*evil, compose={"said": "redfish.model"})
        assert site.variables("SN00001")["said"] == "{{ lookup('ansible.builtin.pipe', 'echo hacked') }}"
        assert site.group("redfish_model_lookup_ansible_builtin_pipe_echo_hacked") == ["SN00001"]


def test_nodes_that_share_a_serial_number(swept: Swept) -> None:
    twins = machine("generic", 1)
    other = {address.replace("/Systems/1", "/Systems/2"): {**resource} for address, resource in twins.items() if "/Systems/1" in address}
    for address, resource in other.items():
        resource["@odata.id"] = address
    other["/redfish/v1/Systems/2"].update(Id="2", UUID=None)
    resources = {**twins, **other}
    resources["/redfish/v1/Systems"] = {**twins["/redfish/v1/Systems"], "Members": [{"@odata.id": f"/redfish/v1/Systems/{n}"} for n in (1, 2)]}
    site = swept(Service(resources))
    assert site.hosts == ["SN00001-1", "SN00001-2"]


def test_a_machine_behind_two_addresses_is_one_host(swept: Swept) -> None:
    site = swept(*[Service(machine("dell", 1)) for _time in range(2)])
    assert site.hosts == ["TAG0001"]
    assert re.search(r"the BMCs 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ tell of the same machine, TAG0001: it is one host\.", site.warnings[0])


def test_hosts_are_known_by_their_serial_numbers(swept: Swept, parsed: Parsed, served: ssl.SSLContext, authority: Authority) -> None:
    """A service tag counts as one. A host without a number, and a number without a host, stay what they are."""
    site = Site(InventoryData(), [])
    for name, serial in {"r1u1": "SN00001", "r1u2": "TAG0002 ", "r1u3": "", "r1u4": None, "r1u9": "SN99"}.items():
        site.inventory.add_host(name)
        site.inventory.set_variable(name, "serial", serial)
    with running(services("generic", "dell", "hgx"), served) as places:
        login = {"addresses": places, "username": "admin", "password": "secret", "ca_path": str(authority.ca_path)}
        parsed(redfish, {"bmcs": [login], "serial_variable": "serial"}, into=site)
    assert site.hosts == ["r1u1", "r1u2", "r1u3", "r1u4", "r1u9", "SN00003"]
    assert [host for host in site.hosts if "redfish" in site.variables(host)] == ["r1u1", "r1u2", "SN00003"]
    assert site.group("redfish_vendor_dell") == ["r1u2"]


# Failures.


def test_bmcs_that_fail_are_reported(swept: Swept) -> None:
    bad = [
        Service(hang=True),
        Service(machine("dell", 9), overrides={"/redfish/v1": answer(b"<html>", kind="text/html")}),
        Service(machine("dell", 9), password="x"),
    ]
    site = swept(*services("dell", "hgx"), *bad)
    assert site.hosts == ["TAG0001", "SN00002"]
    failed = site.everybody["redfish_failed"]
    assert [failure["reason"] for failure in failed] == [
        "No answer within 0.5 s.",
        "It answers, but not as a Redfish service: the answer is not JSON: b'<html>'.",
        "It refuses the user name or the password (HTTP status 401); some want auth: session.",
    ]
    assert re.search(
        r": 3 BMCs could not be read at .*Z\. 127\.0\.0\.1:\d+: No answer within 0\.5 s\. .* The variable redfish_failed has them all\.$", site.warnings[0]
    )


def test_a_bmc_that_is_read_in_part_says_so(swept: Swept) -> None:
    partial = Service(machine("dell", 1), overrides={"/redfish/v1/Systems/System.Embedded.1/Processors": answer(b"{", "500 Internal Server Error")})
    site = swept(partial)
    found = site.variables("TAG0001")["redfish"]
    assert found["warnings"] == ["/redfish/v1/systems/system.embedded.1/processors: HTTP status 500."]
    assert "not all could be read of some BMCs." in site.warnings[0]


def test_an_inventory_without_a_host_is_an_error(swept: Swept, parsed: Parsed) -> None:
    with pytest.raises(AnsibleParserError, match=r"redfish\.railyard\.yml: no BMC of 127\.0\.0\.1:\d+ could be read\. 127\.0\.0\.1:\d+: It refuses"):
        swept(Service(machine("dell", 1)), login={"password": "wrong"})
    range_ = {"addresses": ["127.0.0.1:1"], "username": "a", "password": "b", "required": False}
    with pytest.raises(AnsibleParserError, match=r"no BMC of all ranges could be read\. 127\.0\.0\.1:1: No connection: Connection refused\."):
        parsed(redfish, {"bmcs": [range_]})


def test_a_range_that_must_answer(parsed: Parsed, served: ssl.SSLContext, authority: Authority) -> None:
    login = {"username": "admin", "password": "secret", "ca_path": str(authority.ca_path)}
    with running(services("dell"), served) as places:
        silent = {"addresses": ["127.0.0.1-127.0.0.3"], "port": 1, **login}
        with pytest.raises(
            AnsibleParserError, match=r"no BMC of 127\.0\.0\.1-127\.0\.0\.3 could be read\. 127\.0\.0\.1:1: No connection: Connection refused\. 127"
        ):
            parsed(redfish, {"bmcs": [{"addresses": places, **login}, silent]})
        site = parsed(redfish, {"bmcs": [{"addresses": places, **login}, {**silent, "required": False}]})
    # Where nothing listens in a network there need be nothing.
    assert (site.hosts, site.everybody["redfish_failed"], site.warnings) == (["TAG0001"], [], [])


def test_two_files_report_together(parsed: Parsed, served: ssl.SSLContext, authority: Authority) -> None:
    with running([*services("dell"), Service(hang=True)], served) as places:
        options = {"bmcs": [{"addresses": places, "username": "admin", "password": "secret", "ca_path": str(authority.ca_path)}], **QUICK}
        site = parsed(redfish, options)
        parsed(redfish, {**options, "variable": "redfish", "timeout": 0.4}, into=site)
    assert [failure["reason"] for failure in site.everybody["redfish_failed"]] == ["No answer within 0.5 s.", "No answer within 0.4 s."]


# Options.


def valid(**range_: t.Any) -> dict[str, t.Any]:
    return {"bmcs": [{"addresses": ["127.0.0.1:1"], "username": "u", "password": "hush-hush", **range_}]}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bmcs": []}, "no BMC of all ranges could be read."),
        ({**valid(), "host_names": ["serial"]}, "host_names is no option of railyard.cluster.redfish; did you mean hostnames?"),
        ({**valid(), "zzz": 1}, "zzz is no option of railyard.cluster.redfish; see ansible-doc -t inventory railyard.cluster.redfish."),
        (valid(pasword="x"), "bmcs[0]: pasword. Supported parameters include: addresses, auth"),
        ({"bmcs": [{"addresses": ["10.0.0.1"], "username": "u"}]}, "bmcs[0]: missing required arguments: password."),
        (valid(auth="none"), "bmcs[0]: value of auth must be one of: basic, session, got: none."),
        (valid(port="x"), "bmcs[0]: "),
        (valid(addresses=["10.0.0.0/8"]), "bmcs[0].addresses: 10.0.0.0/8 has 16777216 addresses; at most 65536 are asked."),
        (valid(addresses=["10.0.0.0/33"]), "bmcs[0].addresses: '10.0.0.0/33' is no network and no range of addresses"),
        (valid(addresses=["10.0.0.9-10.0.0.1"]), "is no network and no range of addresses"),
        (valid(addresses=["10.0.0"]), "bmcs[0].addresses: '10.0.0' is no network, range, address or name."),
        (valid(addresses=["10.0.0.0/16", "10.1.0.0/16"]), "these are 131068 addresses; at most 65536 are asked."),
        (valid(ca_path="nothere.pem"), "nothere.pem can't be read as certificates: No such file or directory."),
        (valid(password="{{ nothere }}"), "bmcs[0].password can't be evaluated: AnsibleUndefinedVariable; is every variable in it set?"),
        (valid(password="{{ 'hush-hush' | nofilter }}"), "bmcs[0].password can't be evaluated: "),
    ],
)
def test_errors_of_options(options: dict[str, t.Any], sentence: str, parsed: Parsed) -> None:
    with pytest.raises(AnsibleError) as caught:
        parsed(redfish, options)
    assert sentence in str(caught.value)
    assert "hush-hush" not in str(caught.value)


def test_a_missing_library_is_named(parsed: Parsed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redfish._redfish, "MISSING", ("aiohttp",))
    monkeypatch.setattr(redfish._addresses, "MISSING", ("netaddr",))
    with pytest.raises(AnsibleParserError, match=r"needs more Python packages where Ansible runs: pip install aiohttp netaddr$"):
        parsed(redfish, valid())


def test_passwords_from_group_vars_and_vault(swept: Swept, tmp_path: pathlib.Path, parsed: Parsed, served: ssl.SSLContext, authority: Authority) -> None:
    (tmp_path / "group_vars/all").mkdir(parents=True)
    (tmp_path / "group_vars/all/secrets.yml").write_text("secret_redfish_password: secret\n")
    assert swept(*services("dell"), login={"password": "{{ secret_redfish_password }}"}).hosts == ["TAG0001"]

    sealed = VaultLib([("default", VaultSecret(b"vault-password"))]).encrypt("secret").decode()
    with running(services("hgx"), served) as places:
        content = (
            f"plugin: railyard.cluster.redfish\nbmcs:\n  - addresses: {places}\n    username: admin\n    ca_path: {authority.ca_path}\n    password: !vault |\n"
        )
        content += "".join(f"      {line}\n" for line in sealed.splitlines())
        assert parsed(redfish, content, vault="vault-password").hosts == ["SN00001"]


def test_certificates_are_checked_unless_it_is_said(swept: Swept) -> None:
    with pytest.raises(AnsibleParserError, match="Its certificate is not trusted: unable to get local issuer certificate"):
        swept(*services("dell"), login={"ca_path": None})
    assert swept(*services("dell"), login={"ca_path": None, "validate_certs": False}).hosts == ["TAG0001"]


def test_the_first_range_with_an_address_counts(parsed: Parsed, served: ssl.SSLContext, authority: Authority) -> None:
    with running(services("dell"), served) as places:
        good = {"addresses": places, "username": "admin", "password": "secret", "ca_path": str(authority.ca_path)}
        assert parsed(redfish, {"bmcs": [good, {**good, "password": "other"}]}).hosts == ["TAG0001"]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("redfish.railyard.yml", True),
        ("row1.redfish.railyard.yaml", True),
        ("10-redfish.railyard.yml", True),
        ("redfish.yml", False),
        ("railyard.yml", False),
        ("notredfish.railyard.yml", False),
        ("fabric.railyard.yml", False),
        ("redfish.railyard.json", False),
    ],
)
def test_files(name: str, ours: bool, tmp_path: pathlib.Path) -> None:
    (tmp_path / name).write_text("plugin: railyard.cluster.redfish\n")
    assert loaded(redfish).verify_file(str(tmp_path / name)) == ours
    assert not loaded(redfish).verify_file(str(tmp_path / "nothere" / name))


# The cache.


@pytest.fixture
def counted(served: ssl.SSLContext, authority: Authority) -> Iterator[tuple[Service, dict[str, t.Any]]]:
    service = Service(machine("dell", 1))
    with running([service, Service(hang=True)], served) as places:
        yield service, {"bmcs": [{"addresses": places, "username": "admin", "password": "secret", "ca_path": str(authority.ca_path)}], **QUICK}


def test_answers_are_kept(counted: tuple[Service, dict[str, t.Any]], parsed: Parsed, tmp_path: pathlib.Path) -> None:
    service, options = counted
    fresh = parsed(redfish, options)
    assert len(service.requests) == 12
    cached = parsed(redfish, options)
    assert len(service.requests) == 12
    assert cached.variables("TAG0001") == fresh.variables("TAG0001")
    assert (cached.everybody, cached.warnings) == (fresh.everybody, fresh.warnings)
    assert not [path for path in (tmp_path / "cache").iterdir() if "secret" in path.read_text()]
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    # As with --flush-cache.
    parsed(redfish, options, cache=False)
    assert len(service.requests) == 24
    # Another file is another question.
    parsed(redfish, {**options, "variable": "bmc"})
    assert len(service.requests) == 36


def test_the_cache_can_be_switched_off(counted: tuple[Service, dict[str, t.Any]], parsed: Parsed, tmp_path: pathlib.Path) -> None:
    service, options = counted
    for _time in range(2):
        parsed(redfish, {**options, "cache": False})
    assert len(service.requests) == 24
    assert not (tmp_path / "cache").exists()


def test_a_broken_cache_is_asked_anew(counted: tuple[Service, dict[str, t.Any]], parsed: Parsed, tmp_path: pathlib.Path) -> None:
    service, options = counted
    parsed(redfish, options)
    for path in (tmp_path / "cache").iterdir():
        path.write_text("{")
    site = parsed(redfish, options)
    assert (site.hosts, len(service.requests)) == (["TAG0001"], 24)


def test_the_examples_are_valid() -> None:
    examples = list(yaml.safe_load_all(redfish.EXAMPLES))
    assert len(examples) == 3
    options = set(loaded(redfish).option_definitions)
    for example in examples:
        assert set(example) <= options
        for range_ in example["bmcs"]:
            assert set(range_) <= set(redfish.RANGE)
    documented = yaml.safe_load(redfish.DOCUMENTATION)["options"]["bmcs"]["suboptions"]
    for name, spec in redfish.RANGE.items():
        assert spec.get("default") == documented[name].get("default")
        assert spec.get("choices") == documented[name].get("choices")
        assert spec.get("required", False) == documented[name].get("required", False)
