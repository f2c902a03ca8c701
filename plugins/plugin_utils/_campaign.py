# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""A measurement's folder on the controller: the schedule, each node's part, and what each node brought back.

``schedule.json``; ``PHASE/parts/NODE.json``; ``PHASE/outputs/NODE.json.gz``; ``verdict.json``. It can be read again at any time: a verdict costs no
measurement.
"""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import json
import os
import secrets
import typing as t
import urllib.parse
import zlib
from dataclasses import asdict, fields

from ansible_collections.railyard.cluster.plugins.module_utils.core.agent import measurement
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import CONFIRM, ROUNDS, Campaign, follow_each_other, members_from
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.pairs import Settings
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.tools import Iperf3, Perftest
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import Round
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import HcaPort, best_port

SCHEMA = "railyard.measurement.schedule"
SCHEMA_VERSION = 2
TOOLS: dict[str, t.Any] = {"network_bandwidth": Iperf3, "rdma_bandwidth": Perftest}


class CampaignFolder:
    """The files of one measurement. Whatever is missing or damaged raises ``CoreError``."""

    def __init__(self, path: str) -> None:
        self.path = os.path.expanduser(path)

    # The schedule

    def create(self, definition: dict[str, t.Any]) -> dict[str, t.Any]:
        """Make the folder of a new measurement, with the parts of its rounds. Returns them by node."""
        rounds = {campaign.test: campaign.plan() for campaign in campaigns_from(definition)}
        return self._write_phase(definition, ROUNDS, rounds, earlier={})

    def confirm(self, rounds: t.Mapping[str, t.Sequence[Round]]) -> dict[str, t.Any]:
        """Add the parts of the rounds that confirm, of each test. Returns them by node."""
        definition = self.definition()
        return self._write_phase(definition, CONFIRM, rounds, earlier=definition["phases"])

    def _write_phase(
        self, definition: dict[str, t.Any], phase: str, rounds: t.Mapping[str, t.Sequence[Round]], *, earlier: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        parts = parts_of(definition, rounds, phase=phase, token=secrets.token_urlsafe(24))
        for node, part in parts.items():
            self._write(f"{phase}/parts/{_file(node)}.json", json.dumps(part.to_dict()).encode())
        document = {
            **{key: value for key, value in definition.items() if key != "phases"},
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "phases": {**earlier, phase: {test: [asdict(one) for one in planned] for test, planned in rounds.items()}},
        }
        self._write("schedule.json", json.dumps(document, indent=1).encode())
        return parts

    def definition(self) -> dict[str, t.Any]:
        document = self._read("schedule.json")
        whole = isinstance(document, dict) and {"run_id", "tests", "nodes", "ports", "sources", "phases"} <= document.keys()
        if not whole or document.get("schema") != SCHEMA or document.get("schema_version") != SCHEMA_VERSION:
            raise CoreError("this is no schedule of this Railyard's.", where=f"{self.path}/schedule.json")
        return document

    def rounds(self, phase: str, test: str) -> tuple[Round, ...]:
        """The rounds of a test in a phase; none where it has not been planned."""
        return tuple(
            Round(one["number"], one["purpose"], tuple((a, b) for a, b in one["pairs"]), tuple(one["idle"]))
            for one in self.definition()["phases"].get(phase, {}).get(test, ())
        )

    # What the nodes get and bring back

    def part(self, phase: str, node: str) -> dict[str, t.Any] | None:
        """A node's part; ``None`` for one that has none."""
        if not os.path.isfile(f"{self.path}/schedule.json"):
            raise CoreError("there is no measurement here.", where=self.path, hint="Plan one first: railyard.cluster.pair_schedule.")
        path = f"{phase}/parts/{_file(node)}.json"
        return dict(self._read(path)) if os.path.isfile(f"{self.path}/{path}") else None

    def shared(self) -> dict[str, t.Any]:
        """Whom the nodes let in, and on which ports."""
        definition = self.definition()
        return {"sources": definition["sources"], "ports": definition["ports"]}

    def keep(self, phase: str, node: str, content: bytes) -> str:
        """Keep what a node brought back. Returns the path."""
        return self._write(f"{phase}/outputs/{_file(node)}.json.gz", gzip.compress(content, mtime=0))

    def outputs(self, phase: str) -> dict[str, dict[str, t.Any]]:
        """By node, what its agent wrote."""
        folder = f"{self.path}/{phase}/outputs"
        found = {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith(".json.gz"):
                document = _output(f"{folder}/{name}")
                found[document["node"]] = document
        return found

    def write_verdict(self, document: dict[str, t.Any]) -> str:
        return self._write("verdict.json", json.dumps(document, indent=1).encode() + b"\n")

    def _write(self, name: str, content: bytes) -> str:
        return write_private(f"{self.path}/{name}", content)

    def _read(self, name: str) -> t.Any:
        try:
            with open(f"{self.path}/{name}", encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            raise CoreError(f"it cannot be read: {error}.", where=f"{self.path}/{name}") from None


def write_private(path: str, content: bytes) -> str:
    """Write a file whole, for its owner only. Returns its path."""
    staged = f"{path}.{os.getpid()}.new"
    try:
        _make_private(os.path.dirname(path))
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        os.replace(staged, path)
    except OSError as error:
        raise CoreError(f"it cannot be written: {error.strerror}.", where=path) from None
    return path


def _make_private(folder: str) -> None:
    """Make a folder and those above it that are missing, each for its owner only (``os.makedirs`` sees to the last alone)."""
    if not os.path.isdir(folder):
        _make_private(os.path.dirname(folder))
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)


def _output(path: str) -> dict[str, t.Any]:
    """What a node's agent wrote."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise CoreError(f"it cannot be read: {error}.", where=path, hint="Without the file its node counts as absent.") from None
    wanted = (measurement.RESULT_SCHEMA, measurement.SCHEMA_VERSION)
    if not isinstance(document, dict) or (document.get("schema"), document.get("schema_version")) != wanted or "node" not in document:
        raise CoreError("this is no output of this Railyard's agent.", where=path, hint="Install it: railyard apply --tags node_agent; then measure again.")
    return document


def campaigns_from(definition: dict[str, t.Any]) -> tuple[Campaign, ...]:
    """Return the campaigns that a definition says, one for each test, in its order. Raises ``CoreError`` for what cannot be meant."""
    first, separator, last = str(definition["ports"]).partition("-")
    if not (first.isdigit() and (last.isdigit() or not separator)):
        raise CoreError(f"{definition['ports']!r} is no range of ports.", where="validate_ports", hint="Write 28100-28131.")
    campaigns = []
    for entry in definition["tests"]:
        kind = TOOLS[entry["test"]]
        campaigns.append(
            Campaign(
                run_id=str(definition["run_id"]),
                members=members_from(definition["nodes"], by_rail=kind.by_rail),
                tool=_with_numbers(kind, entry.get("options", {}), "options"),
                first_port=int(first),
                last_port=int(last or first),
                settings=_with_numbers(Settings, entry.get("settings", {}), "settings"),
                rounds=int(definition.get("rounds", 7)),
                test=str(entry["test"]),
            )
        )
    return tuple(campaigns)


def parts_of(definition: dict[str, t.Any], rounds: t.Mapping[str, t.Sequence[Round]], *, phase: str, token: str) -> dict[str, t.Any]:
    """Each node's part of a phase: the rounds of one test after those of the other."""
    plans = [(campaign, rounds.get(campaign.test, ())) for campaign in campaigns_from(definition)]
    return follow_each_other(plans, phase=phase, token=token)


def rails_from_facts(folder: str, node: str) -> list[dict[str, t.Any]]:
    """The ports of a node's rails that are up, as its facts document of this run says; none where there is no document."""
    path = f"{folder}/{_file(node)}.json"
    try:
        with open(path, encoding="utf-8") as file:
            hcas = json.load(file).get("hcas") or ()
        best = [(hca, best_port([HcaPort(**port) for port in hca["ports"]])) for hca in hcas if hca["rail"] is not None]
        return [{"number": hca["rail"], "device": hca["name"], "port": port.port} for hca, port in best if port and port.state == "Active"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CoreError(f"it cannot be read: {error}.", where=path, hint="It is to be what node_health writes with facts.") from None


def _with_numbers(kind: t.Any, values: t.Mapping[str, t.Any], where: str) -> t.Any:
    """Make an object whose fields are numbers, also from texts, as variables on a command line are."""
    known = {field.name: field for field in fields(kind)}
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if name not in known:
            raise CoreError(f"nothing is called {name!r}.", where=where, hint=f"There are: {', '.join(known)}.")
        if value is None:
            continue
        try:
            numbers[name] = float(value) if isinstance(known[name].default, float) else int(value)
        except (TypeError, ValueError):
            raise CoreError(f"{name} is {value!r}, which is no number of its kind.", where=where) from None
    return kind(**numbers)


def sources(addresses: t.Iterable[str]) -> list[str]:
    """The fewest networks that hold these addresses and no others."""
    networks: dict[int, list[t.Any]] = {4: [], 6: []}
    for address in addresses:
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            raise CoreError(f"{address!r} is no address.", where="validate_address", hint="Nodes are measured at an address, not at a name.") from None
        networks[network.version].append(network)
    return [str(network) for version in (4, 6) for network in ipaddress.collapse_addresses(networks[version])]


def _file(node: str) -> str:
    return urllib.parse.quote(node, safe="")
