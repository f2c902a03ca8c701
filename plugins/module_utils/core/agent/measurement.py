# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the node agent does in a measurement: its part of a schedule, and how nodes agree on when it starts.

A node's part is made on the controller and says everything: who conducts, when each slot begins after the common start, what the node runs in it
and until when. Nodes agree among themselves, so that a schedule of any length is one operation to start and one to fetch, their clocks need not be
right, and it does not matter how many nodes Ansible reaches at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import CoreError

SCHEMA = "railyard.measurement.part"
SCHEMA_VERSION = 2
RESULT_SCHEMA = "railyard.measurement.result"
# A message is one line of JSON; nobody has more to say.
MESSAGE_BYTES = 4096


@dataclass(frozen=True)
class Slot:
    """What a node does in one round: nothing where both lists are empty."""

    number: int
    """The round's."""
    begin_s: float
    """Seconds after the common start."""
    end_s: float
    """When whatever still runs is killed."""
    serve: tuple[tuple[str, ...], ...] = ()
    """Commands that are started at once and wait for the peer."""
    run: tuple[tuple[tuple[str, ...], ...], ...] = ()
    """Stages, one after the other; the commands of a stage run side by side."""
    peer: str = ""
    least_s: float = 0.0
    """A command of ``run`` that ended sooner measured nothing, whatever its exit status."""
    test: str = ""
    """What is measured; rounds are numbered for each test."""


@dataclass(frozen=True)
class Part:
    """One node's part of a schedule."""

    run_id: str
    phase: str
    token: str
    """A secret of this run and phase, which the nodes show each other."""
    node: str
    address: str
    port: int
    """Where a conductor listens, on ``address``."""
    conductors: tuple[tuple[str, str], ...]
    """Nodes that may say when it starts, with their addresses: the first that can be reached does."""
    nodes: int
    """How many take part."""
    slots: tuple[Slot, ...]
    watch: tuple[tuple[str, int], ...] = ()
    """Ports of HCAs, with their numbers, whose counters are read before the first slot and after the last."""
    patience_s: float = 20.0
    """How long the next conductor is not yet asked."""
    idle_s: float = 30.0
    """Where nobody has come for so long, those who are there start without the others."""
    gather_s: float = 600.0
    """How long a node waits for the start at all."""
    lead_s: float = 0.5
    """How much later than its server a client starts."""
    retry_s: float = 2.0
    """A command that measured nothing and ended so soon is started again: its server was not there yet."""

    @property
    def duration_s(self) -> float:
        """From the start to the end of the last slot."""
        return max((slot.end_s for slot in self.slots), default=0.0)

    @property
    def limit_s(self) -> float:
        """How long the agent may live."""
        return self.gather_s + self.duration_s + 30

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **asdict(self)}


def part_from_dict(document: Any) -> Part:
    """Return the part that a document says. Raises ``CoreError`` for one that is none, or that another version of Railyard wrote."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise CoreError("this is no part of a measurement.", hint=f"Its schema is {SCHEMA}.")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise CoreError(
            f"the part has version {document.get('schema_version')} and the node's agent knows {SCHEMA_VERSION}.",
            hint="Install this Railyard's agent: railyard apply --tags node_agent.",
        )
    values = {key: value for key, value in document.items() if not key.startswith("schema")}
    try:
        values["conductors"] = tuple((str(name), str(address)) for name, address in values["conductors"])
        values["watch"] = tuple((str(device), int(port)) for device, port in values.get("watch", ()))
        values["slots"] = tuple(
            Slot(
                **{
                    **_numbers(Slot, slot),
                    "serve": _commands(slot.get("serve", ())),
                    "run": tuple(_commands(stage) for stage in slot.get("run", ())),
                }
            )
            for slot in values["slots"]
        )
        return Part(**_numbers(Part, values))
    except (KeyError, TypeError, ValueError) as error:
        raise CoreError(f"the part is damaged: {error}.") from None


def _numbers(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, those that are to be numbers as numbers."""
    types: dict[str, Any] = {"int": int, "float": float}
    return {**values, **{field.name: types[str(field.type)](values[field.name]) for field in fields(kind) if field.type in types and field.name in values}}


def _commands(commands: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(word) for word in command) for command in commands)


def message(**fields: Any) -> bytes:
    """One line as nodes send it to each other."""
    return json.dumps(fields).encode() + b"\n"


def read_message(line: bytes) -> dict[str, Any]:
    """What a line says; nothing where it is none."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


@dataclass(frozen=True)
class Hello:
    """How a node that is ready shows itself to a conductor."""

    run_id: str
    phase: str
    token: str
    node: str

    @classmethod
    def of(cls, part: Part) -> Hello:
        return cls(part.run_id, part.phase, part.token, part.node)

    def encode(self) -> bytes:
        return message(**asdict(self))


def refusal(part: Part, line: bytes, equal: Any) -> str:
    """Why a conductor sends somebody away, or an empty text. ``equal`` compares two texts in a time that tells nothing (``hmac.compare_digest``)."""
    fields = read_message(line)
    if not equal(str(fields.get("token", "")).encode(), part.token.encode()):
        return "wrong token"
    if (fields.get("run_id"), fields.get("phase")) != (part.run_id, part.phase):
        return "another measurement"
    return "" if fields.get("node") else "no name"


def may_start(present: int, expected: int, waited_s: float, idle_s: float) -> bool:
    """Whether the conductor says go: all are there, or two and more are and nobody else has come for ``idle_s``."""
    return present >= expected or (present > 1 and waited_s >= idle_s)
