# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sweep against services on loopback: good ones of every kind, and ones with every bad manner that could be thought of."""

from __future__ import annotations

import asyncio
import gzip
import json
import pathlib
import ssl
import time
import typing as t
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fake_redfish.certificates import Authority
from fake_redfish.machines import KINDS, machine
from fake_redfish.server import Answer, Service, answer, error, running

from ansible_collections.railyard.cluster.plugins.plugin_utils import _redfish
from ansible_collections.railyard.cluster.plugins.plugin_utils._redfish import Bmc, Limits, Visit, sweep

QUICK = Limits(parallel=50, connect_timeout=0.5, timeout=0.5, deadline=2)
SYSTEMS = "/redfish/v1/Systems"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.ca_path)


@pytest.fixture(scope="module")
def served(authority: Authority) -> ssl.SSLContext:
    return authority.server_context(["127.0.0.1"])


Visited = Callable[..., list[Visit]]


@pytest.fixture
def visited(tls: ssl.SSLContext, served: ssl.SSLContext) -> Iterator[Visited]:
    """Return a function that runs services, sweeps them and returns the visits."""

    def visit(*services: Service, limits: Limits = QUICK, **bmc: t.Any) -> list[Visit]:
        with running(services, served) as places:
            bmcs = []
            for place in places:
                host, _colon, port = place.rpartition(":")
                bmcs.append(Bmc(**{"host": host, "port": int(port), "username": "admin", "password": "secret", "tls": tls, **bmc}))
            return sweep(bmcs, limits)

    yield visit


def with_answers(answers: dict[str, Answer]) -> Service:
    return Service(machine("generic", 3), overrides=answers)


def js(document: object, status: str = "200 OK", **headers: str) -> bytes:
    return answer(json.dumps(document).encode(), status, **headers)


# Good services.


@pytest.mark.parametrize(("kind", "requests"), [("generic", 32), ("dell", 12), ("ilo", 13), ("hgx", 18), ("ami", 32)])
def test_a_good_service(kind: str, requests: int, visited: Visited) -> None:
    service = Service(machine(kind, 3), compress=kind == "ilo")
    (visit,) = visited(service)
    assert (visit.error, visit.warnings, visit.requests, visit.silent) == ("", (), requests, False)
    assert len(service.requests) == requests
    (found,) = visit.machines
    assert (found["serial"], found["gpu_count"], found["complete"], len(found["nics"])) == ("SN00003", 8, True, 6)
    assert service.connections == 1


def test_a_session_is_ended(visited: Visited) -> None:
    service = Service(machine("dell", 3), basic=False)
    (visit,) = visited(service, auth="session")
    assert (visit.error, visit.requests) == ("", 14)
    assert (service.requests[1], service.requests[-1][:40]) == ("POST /redfish/v1/SessionService/Sessions", "DELETE /redfish/v1/SessionService/Sessio")
    assert service.sessions == set()


def test_a_session_is_ended_when_the_service_gets_slow(visited: Visited) -> None:
    async def slow() -> AsyncIterator[bytes]:
        await asyncio.sleep(5)
        yield b""

    service = Service(machine("dell", 3), overrides={SYSTEMS: slow})
    (visit,) = visited(service, auth="session")
    assert visit.error == "No answer within 0.5 s."
    assert service.sessions == set()


def test_plain_http_only_where_it_was_asked_for() -> None:
    service = Service(machine("dell", 3))
    with running([service], None) as (place,):
        host, _colon, port = place.rpartition(":")
        plain = Bmc(host, int(port), "admin", "secret", tls=None)
        assert sweep([plain], QUICK)[0].machines[0]["service_tag"] == "TAG0003"
        secure = Bmc(host, int(port), "admin", "secret", tls=ssl.create_default_context())
        assert sweep([secure], QUICK)[0].error == "No answer within 0.5 s."


def test_a_redirect_to_itself_is_followed(visited: Visited) -> None:
    """As iLO does for an address without a slash at its end."""
    there = f"{SYSTEMS}/1?moved=1"
    moved = {f"{SYSTEMS}/1": js({}, "308 Permanent Redirect", Location=there), there: js(machine("generic", 3)[f"{SYSTEMS}/1"])}
    (visit,) = visited(with_answers(moved))
    assert visit.machines[0]["serial"] == "SN00003"


def test_a_busy_service_is_asked_once_more(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_redfish, "LONGEST_PAUSE", 0.05)
    told: list[int] = []

    async def busy() -> AsyncIterator[bytes]:
        told.append(1)
        yield error("503 Service Unavailable").replace(b"\r\n\r\n", b"\r\nRetry-After: 900\r\n\r\n") if len(told) == 1 else js(machine("generic", 3)[SYSTEMS])

    (visit,) = visited(with_answers({SYSTEMS: busy}))
    assert (visit.error, len(told)) == ("", 2)


def test_a_service_that_cannot_expand_what_it_promised(visited: Visited) -> None:
    service = Service(machine("dell", 3), overrides={f"{SYSTEMS}/System.Embedded.1/Processors?$expand=.($levels=1)": error("501 Not Implemented")})
    (visit,) = visited(service)
    assert (visit.error, visit.warnings, visit.machines[0]["gpu_count"]) == ("", (), 8)
    assert sum("$expand" in request for request in service.requests) == 1


def test_a_service_that_leaves_out_what_is_required(visited: Visited) -> None:
    """Members that are written out without an Id are no more than links: they are asked for one by one."""
    resources = machine("dell", 3)
    collection = dict(resources[f"{SYSTEMS}/System.Embedded.1/Processors"])
    members = [resources[member["@odata.id"]] for member in collection["Members"]]
    collection["Members"] = [{name: value for name, value in member.items() if name in ("@odata.id", "@odata.type", "Status")} for member in members]
    (visit,) = visited(Service(resources, overrides={f"{SYSTEMS}/System.Embedded.1/Processors?$expand=.($levels=1)": js(collection)}))
    assert (visit.machines[0]["gpu_models"], visit.requests) == (["NVIDIA X900 80GB"], 12 + 10)


# Broken ones: the part that failed is named, and the rest is there.


def test_a_part_that_fails_is_a_warning(visited: Visited) -> None:
    (visit,) = visited(with_answers({f"{SYSTEMS}/1/EthernetInterfaces": error("500 Internal Server Error")}))
    assert visit.error == ""
    assert visit.warnings == ("/redfish/v1/systems/1/ethernetinterfaces: HTTP status 500.",)
    assert visit.machines[0]["gpu_count"] == 8


def test_a_part_that_is_not_there_is_none(visited: Visited) -> None:
    (visit,) = visited(with_answers({f"{SYSTEMS}/1/EthernetInterfaces": error("404 Not Found")}))
    assert (visit.error, visit.warnings, visit.machines[0]["complete"]) == ("", (), True)


def test_a_service_that_stops_in_the_middle(visited: Visited) -> None:
    """What it told by then is there, and marked as not all."""
    cut = js(machine("generic", 3)["/redfish/v1/Systems/1/Processors/GPU_3"])[:-20]

    async def ends() -> AsyncIterator[bytes]:
        yield cut

    (visit,) = visited(with_answers({f"{SYSTEMS}/1/Processors/GPU_3": ends}))
    assert visit.error == ""
    assert visit.warnings[0] == "Not all was read. It ended the connection in the middle of an answer."
    (found,) = visit.machines
    assert (found["serial"], found["complete"], found["gpu_count"]) == ("SN00003", False, 8)


HTML = answer(b"<html>login</html>", kind="text/html")
DEEP = answer(b"[" * 100_000)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"/redfish/v1": error("404 Not Found")}, "It answers, but not as a Redfish service: HTTP status 404."),
        ({"/redfish/v1": HTML}, "It answers, but not as a Redfish service: the answer is not JSON: b'<html>login</html>'."),
        ({"/redfish/v1": DEEP}, "It answers, but not as a Redfish service: the answer is not JSON: b'[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['."),
        ({"/redfish/v1": js({})}, "It answers, but not as a Redfish service: it has another root."),
        ({"/redfish/v1": js([1])}, "It answers, but not as a Redfish service: another resource was answered."),
        ({"/redfish/v1": js({"error": {"message": "Booting."}})}, "It answers, but not as a Redfish service: Booting."),
        ({"/redfish/v1": error("401 Unauthorized")}, "It refuses the user name or the password (HTTP status 401); some want auth: session."),
        ({SYSTEMS: error("401 Unauthorized")}, "It refuses the user name or the password (HTTP status 401); some want auth: session."),
        ({SYSTEMS: error("403 Forbidden")}, "Its systems can't be read: /redfish/v1/systems: HTTP status 403."),
        ({SYSTEMS: error("500 Internal Server Error")}, "Its systems can't be read: /redfish/v1/systems: HTTP status 500."),
        ({SYSTEMS: HTML}, "Its systems can't be read: /redfish/v1/systems: the answer is not JSON: b'<html>login</html>'."),
        ({f"{SYSTEMS}/1": HTML}, "Its systems can't be read: /redfish/v1/systems/1: the answer is not JSON: b'<html>login</html>'."),
        ({SYSTEMS: js({"@odata.id": SYSTEMS, "Members": []})}, "Its service lists no system."),
        ({SYSTEMS: js({"@odata.id": SYSTEMS, "Members": None})}, "Its service lists no system."),
        ({SYSTEMS: js({"@odata.id": SYSTEMS, "Members": [{"@odata.id": 5}, 7, None]})}, "Its service lists no system."),
        ({SYSTEMS: b"nonsense\r\n\r\n"}, "Its answer is no HTTP: "),
        ({SYSTEMS: js({"error": {"message": "\x1b[31mred\x07"}})}, "Its systems can't be read: /redfish/v1/systems: ?[31mred?"),
    ],
)
def test_a_broken_service(answers: dict[str, Answer], sentence: str, visited: Visited) -> None:
    (visit,) = visited(with_answers(answers))
    assert visit.error.startswith(sentence)
    assert (visit.machines, visit.silent) == ((), False)


def test_wrong_passwords(visited: Visited) -> None:
    services = [Service(machine("dell", 3)), Service(machine("dell", 3))]
    visits = visited(services[0], password="wrong") + visited(services[1], password="wrong", auth="session")
    assert [visit.error for visit in visits] == [
        "It refuses the user name or the password (HTTP status 401); some want auth: session.",
        "It refuses the user name or the password (HTTP status 401); some want auth: basic.",
    ]
    # Tried once: accounts are locked after a few attempts.
    assert [len(service.requests) for service in services] == [2, 2]
    assert "wrong" not in str(visits) + repr(visits)


def test_a_session_without_a_token(visited: Visited) -> None:
    service = with_answers({"/redfish/v1/SessionService/Sessions": js({}, "201 Created")})
    (visit,) = visited(service, auth="session")
    assert visit.error == "No session could be begun at /redfish/v1/SessionService/Sessions: the answer has no X-Auth-Token."


@pytest.mark.parametrize("first", [HTML, js({"hello": "world"}), js({"@odata.id": "/redfish/v1", "@odata.type": "#Chassis.v1_0_0.Chassis"})])
def test_who_is_no_redfish_service_is_not_told_the_password(first: bytes, visited: Visited) -> None:
    seen: list[t.Mapping[str, str]] = []

    class Curious(Service):
        def reply(self, method: str, target: str, headers: t.Mapping[str, str], body: bytes) -> Answer:
            seen.append(headers)
            return first if len(seen) == 1 else super().reply(method, target, headers, body)

    visited(Curious(machine("generic", 3)))
    assert len(seen) == 1
    assert "authorization" not in seen[0]


# Hostile ones: each bound holds.


async def drip() -> AsyncIterator[bytes]:
    for byte in js({"@odata.id": SYSTEMS, "Members": []}) + b" " * 10_000:
        yield bytes([byte])
        await asyncio.sleep(0.02)


async def endless_headers() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-More: of the same\r\n" * 100


async def endless_body() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"10000\r\n" + b" " * 65536 + b"\r\n"


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (drip, "No answer within 0.5 s."),
        (endless_headers, "Its answer is no HTTP: "),
        (endless_body, "Its systems can't be read: /redfish/v1/systems: the answer is larger than 1024 KiB."),
        (answer(b" " * 2**21), "Its systems can't be read: /redfish/v1/systems: the answer is larger than 1024 KiB."),
        (
            answer(gzip.compress(b" " * 2**24), Content_Encoding="gzip"),
            "Its systems can't be read: /redfish/v1/systems: the answer is larger than 1024 KiB.",
        ),
        (
            answer(b"no gzip", Content_Encoding="gzip"),
            "Its systems can't be read: /redfish/v1/systems: the answer says that it is compressed, and is not.",
        ),
        (
            js({}, "302 Found", Location="https://10.0.0.1/redfish/v1/Systems"),
            "Its systems can't be read: /redfish/v1/systems: it redirects to https://10.0.0.1, which is not followed.",
        ),
        (
            js({}, "302 Found", Location="//10.0.0.1/redfish/v1/Systems"),
            "Its systems can't be read: /redfish/v1/systems: it redirects to https://10.0.0.1, which is not followed.",
        ),
        (
            js({}, "302 Found", Location="/login"),
            "Its systems can't be read: /redfish/v1/systems: the address leads away from the service, and is not followed.",
        ),
        (js({}, "307 Temporary Redirect", Location=SYSTEMS), "Its systems can't be read: /redfish/v1/systems: it redirects again and again."),
        (
            js({"@odata.id": SYSTEMS, "Members": [{"@odata.id": "https://10.0.0.1/redfish/v1/Systems/1"}]}),
            "Its systems can't be read: https://10.0.0.1/redfish/v1/systems/1: the address leads away from the service, and is not followed.",
        ),
        (
            js({"@odata.id": SYSTEMS, "Members": [{"@odata.id": "/redfish/v1/Systems/../../../login"}]}),
            "Its systems can't be read: /redfish/v1/systems/../../../login: the address leads away from the service, and is not followed.",
        ),
        (
            js({"@odata.id": SYSTEMS, "Members": [{"@odata.id": "/redfish/v1/Systems/1 HTTP/1.1\r\nX-Smuggled: 1"}]}),
            "Its systems can't be read: /redfish/v1/systems/1 http/1.1??x-smuggled: 1: HTTP status 404.",
        ),
    ],
)
def test_a_hostile_service(reply: Answer, sentence: str, visited: Visited) -> None:
    start = time.monotonic()
    (visit,) = visited(with_answers({SYSTEMS: reply}))
    assert visit.error.startswith(sentence)
    assert time.monotonic() - start < 3


class Pages(Service):
    """A collection that always has another page."""

    def reply(self, method: str, target: str, headers: t.Mapping[str, str], body: bytes) -> Answer:
        if target.startswith(SYSTEMS):
            self.requests.append(target)
            return js({"@odata.id": SYSTEMS, "Members": [], "Members@odata.nextLink": f"{SYSTEMS}?$skip={len(self.requests)}"})
        return super().reply(method, target, headers, body)


def test_a_service_without_an_end(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_redfish, "MOST_REQUESTS", 60)
    pages = Pages(machine("generic", 3))
    many = with_answers({SYSTEMS: js({"@odata.id": SYSTEMS, "Members": [{"@odata.id": f"{SYSTEMS}/{n}"} for n in range(5000)]})})
    first, second = visited(pages, many, limits=Limits(timeout=2, deadline=10))
    assert first.error == "It wants to be asked more than 60 times."
    assert (second.error, second.machines[0]["complete"]) == ("", False)
    assert second.warnings[0] == "Not all was read. It wants to be asked more than 60 times."
    assert (len(pages.requests), len(many.requests)) == (60, 60)


def test_answers_without_an_end_in_all(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_redfish, "MOST_BYTES_OF_A_BMC", 2**16)
    padded = js({**machine("generic", 3)["/redfish/v1/Chassis/1"], "Description": "x" * 2**17})
    (visit,) = visited(with_answers({"/redfish/v1/Chassis/1": padded}))
    assert visit.warnings[0] == "Not all was read. Its answers are larger than 64 KiB in all."


def test_a_collection_that_contains_itself(visited: Visited) -> None:
    loop = {"@odata.id": f"{SYSTEMS}/1/Processors", "Members": [{"@odata.id": f"{SYSTEMS}/1/Processors"}, {"@odata.id": f"{SYSTEMS}/1"}]}
    (visit,) = visited(with_answers({f"{SYSTEMS}/1/Processors": js(loop)}))
    assert (visit.error, visit.machines[0]["serial"]) == ("", "SN00003")
    assert visit.requests < 40


def test_a_resource_that_calls_itself_otherwise_is_asked_for_once(visited: Visited) -> None:
    service = with_answers({f"{SYSTEMS}/1/Processors/GPU_3": js({"@odata.id": "/redfish/v1/elsewhere", "Id": "x"})})
    (visit,) = visited(service)
    assert visit.warnings == ("/redfish/v1/systems/1/processors/gpu_3: another resource was answered.",)
    assert sum(request.endswith("GPU_3") for request in service.requests) == 1


def test_the_deadline_of_a_bmc_holds(visited: Visited) -> None:
    (visit,) = visited(Service(machine("generic", 3), delay=0.1), limits=Limits(timeout=1, deadline=1.2))
    assert visit.error == ""
    assert visit.warnings[0] == "Not all was read. It was not done within 1.2 s."
    assert 1.1 < visit.seconds < 1.6
    (visit,) = visited(Service(machine("generic", 3), delay=0.4), limits=Limits(timeout=1, deadline=0.5))
    assert visit.error == "It was not done within 0.5 s."


def test_what_nobody_thought_of_costs_one_bmc(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_tree: object) -> str:
        raise LookupError("a mistake of our own")

    monkeypatch.setattr(_redfish, "expand_query", broken)
    (visit,) = visited(with_answers({}))
    assert visit.warnings[0] == "Not all was read. Its answers could not be made sense of: LookupError: a mistake of our own"


# Certificates and connections.


def test_certificates_are_checked(tmp_path: pathlib.Path, served: ssl.SSLContext, authority: Authority, tls: ssl.SSLContext) -> None:
    other = Authority(tmp_path, "Other authority")
    with running([Service(machine("dell", 3))], served) as (place,):
        port = int(place.rpartition(":")[2])
        stranger = ssl.create_default_context(cafile=other.ca_path)
        assert sweep([Bmc("127.0.0.1", port, "admin", "secret", tls=stranger)], QUICK)[0].error == (
            "Its certificate is not trusted: unable to get local issuer certificate. Name the authority in ca_path."
        )
    with running([Service(machine("dell", 3))], authority.server_context(["127.0.0.9"])) as (place,):
        port = int(place.rpartition(":")[2])
        (visit,) = sweep([Bmc("127.0.0.1", port, "admin", "secret", tls=tls)], QUICK)
        assert visit.error.startswith("Its certificate is not trusted: IP address mismatch")


def test_where_nothing_listens(tls: ssl.SSLContext) -> None:
    gone = Bmc("127.0.0.1", 1, "admin", "secret", tls=tls)
    perhaps = Bmc("127.0.0.1", 1, "admin", "secret", tls=tls, perhaps=True)
    unknown = Bmc("nowhere.invalid", 443, "admin", "secret", tls=tls)
    visits = sweep([gone, perhaps, unknown], QUICK)
    assert [visit.error for visit in visits] == ["No connection: Connection refused.", "No connection: Connection refused.", "Its name is not known."]
    assert [visit.silent for visit in visits] == [False, True, False]
    assert [visit.requests for visit in visits] == [1, 0, 1]


def test_bad_neighbours_cost_nothing(visited: Visited) -> None:
    """Beside a service that hangs, one that drips and one that talks nonsense, the good ones are swept whole and no later."""
    bad = [Service(hang=True), with_answers({SYSTEMS: drip}), with_answers({"/redfish/v1": HTML}), with_answers({SYSTEMS: endless_body})]
    start = time.monotonic()
    visits = visited(*bad, *(Service(machine(kind, 3)) for kind in KINDS))
    assert time.monotonic() - start < 3
    assert [visit.error for visit in visits[: len(bad)]].count("") == 0
    assert visits[0].error == "No answer within 0.5 s."
    assert [visit.machines[0]["serial"] for visit in visits[len(bad) :]] == ["SN00003"] * len(KINDS)


def test_the_sweep_tells_of_each_and_keeps_the_order(served: ssl.SSLContext, tls: ssl.SSLContext) -> None:
    services = [Service(machine("dell", n), delay=0.02 * (5 - n)) for n in range(5)]
    seen: list[str] = []
    with running(services, served) as places:
        bmcs = [Bmc("127.0.0.1", int(place.rpartition(":")[2]), "admin", "secret", tls=tls) for place in places]
        visits = sweep(bmcs, Limits(parallel=5), lambda visit: seen.append(visit.machines[0]["serial"]))
    assert [visit.machines[0]["serial"] for visit in visits] == [f"SN{n:05}" for n in range(5)]
    assert seen == [f"SN{n:05}" for n in reversed(range(5))]


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert Bmc("fd00::1", 443, "", "", tls=ssl.create_default_context()).origin == "https://[fd00::1]:443"
    assert Bmc("bmc1", 8000, "", "").origin == "http://bmc1:8000"
