"""Write docs/schemas/parse.*.json, facts.json and findings.json from the dataclasses that they describe, so that the two can't differ.

Run by `make schemas`; a test compares.
"""

from __future__ import annotations

import ast
import inspect
import json
import pathlib
import sys
import textwrap
import types
import typing as t
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module

from railyard.core.facts import summary
from railyard.core.model import run
from railyard.core.model.document import BASE_FIELDS
from railyard.core.model.node import NodeFacts
from railyard.core.parse.registry import KINDS

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def facts_schema() -> dict[str, t.Any]:
    """Return the JSON Schema of a node's whole facts."""
    return _flat(NodeFacts, summary.SCHEMA, summary.SCHEMA_VERSION, "What railyard.cluster.hardware_facts returns as document")


def findings_schema() -> dict[str, t.Any]:
    """Return the JSON Schema of a validation run's record."""
    return _flat(run.RunRecord, run.SCHEMA, run.SCHEMA_VERSION, "What a validation run writes to findings.json in its folder")


def _flat(cls: type, name: str, version: int, title: str) -> dict[str, t.Any]:
    body = _object(cls)
    head = {"schema": {"const": name}, "schema_version": {"const": version}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": body["description"],
        "type": "object",
        "properties": {**head, **body["properties"]},
        "required": [*head, *body["required"]],
        "additionalProperties": False,
    }


def schema(kind: str) -> dict[str, t.Any]:
    """Return the JSON Schema of `railyard parse KIND --json`."""
    document = t.get_type_hints(import_module(f"railyard.core.parse.{KINDS[kind]}").parse)["return"]
    body = _object(document)
    own = [name for name in body["properties"] if name not in BASE_FIELDS]
    order = [*own, *BASE_FIELDS]
    head = {"schema": {"const": f"railyard.parse.{kind}"}, "schema_version": {"const": 1}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"What railyard parse {kind} --json prints",
        "description": body.get("description", ""),
        "type": "object",
        "properties": {**head, **{name: body["properties"][name] for name in order}},
        "required": [*head, *order],
        "additionalProperties": False,
    }


def _object(cls: type) -> dict[str, t.Any]:
    hints = t.get_type_hints(cls)
    notes = _notes(cls)
    properties = {}
    for field in fields(cls):
        properties[field.name] = _type(hints[field.name])
        if field.name in notes:
            properties[field.name]["description"] = notes[field.name]
    found = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"description": _sentence(cls.__doc__), **found} if cls.__doc__ else found


def _type(hint: t.Any) -> dict[str, t.Any]:
    if hint is t.Any:
        return {}
    if hint in PLAIN:
        return {"type": PLAIN[hint]}
    if is_dataclass(hint):
        return _object(t.cast(type, hint))
    origin, arguments = t.get_origin(hint), t.get_args(hint)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _type(arguments[0])}
    if origin in (types.UnionType, t.Union):
        options = [_type(argument) for argument in arguments if argument is not type(None)]
        if type(None) not in arguments:
            return {"anyOf": options}
        if len(options) == 1 and set(options[0]) == {"type"}:
            return {"type": [options[0]["type"], "null"]}
        return {"anyOf": [*options, {"type": "null"}]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    if origin is t.Literal:
        return {"enum": list(arguments)}
    raise SystemExit(f"make_schemas: no JSON type is known for {hint}.")


def _notes(cls: type) -> dict[str, str]:
    """Return the texts that stand below the fields of a dataclass and of its bases."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[t.cast(ast.Name, field.target).id] = _sentence(t.cast(str, text.value.value))
    return found


def _sentence(text: str | None) -> str:
    return " ".join((text or "").replace("``", "").split())


def write(folder: pathlib.Path) -> None:
    for name, document in (("facts", facts_schema()), ("findings", findings_schema())):
        (folder / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    for kind in KINDS:
        (folder / f"parse.{kind}.json").write_text(json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
