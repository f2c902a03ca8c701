# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every JSON document has a schema that is one itself: flat, versioned, named like its file."""

from __future__ import annotations

import json
import pathlib
import typing as t

import jsonschema


def faults(name: str, schema: dict[str, t.Any]) -> list[str]:
    """Return what is wrong with the schema of documents named ``name``."""
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return [f"not a JSON schema: {error.message}"]
    found = []
    if schema.get("$schema") != "https://json-schema.org/draft/2020-12/schema":
        found.append("$schema is not that of draft 2020-12")
    constant = schema.get("properties", {}).get("schema", {}).get("const", "")
    if name.removesuffix(".schema") not in (constant, constant.removeprefix("railyard.")) or not constant.startswith("railyard."):
        found.append(f"the file's name and the constant of the property 'schema' ({constant!r}) differ")
    if not {"schema", "schema_version"} <= set(schema.get("required", ())):
        found.append("schema and schema_version are not required")
    for index, example in enumerate(schema.get("examples", ())):
        found += [f"example {index}: {error.message}" for error in jsonschema.Draft202012Validator(schema).iter_errors(example)]
    return found


def test_every_schema_is_valid(repository: pathlib.Path) -> None:
    schemas = sorted((repository / "docs/schemas").glob("*.json"))
    problems = [f"{path.name}: {fault}" for path in schemas for fault in faults(path.stem, json.loads(path.read_text()))]
    assert not problems, "\n".join(problems)


def test_this_check_sees() -> None:
    good = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"schema": {"const": "railyard.run"}, "schema_version": {"type": "integer"}},
        "required": ["schema", "schema_version"],
    }
    assert faults("railyard.run", good) == []
    assert faults("run", good) == []
    assert faults("walk", good) == ["the file's name and the constant of the property 'schema' ('railyard.run') differ"]
    assert faults("run", {**good, "required": []}) == ["schema and schema_version are not required"]
    assert faults("run", {**good, "examples": [{"schema": "railyard.run"}]}) == ["example 0: 'schema_version' is a required property"]
    assert faults("run", {"type": "nonsense"})[0].startswith("not a JSON schema")
