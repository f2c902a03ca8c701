# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A role's argument_specs and its defaults say the same: names, types and values, in both directions."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest
import yaml

ROLES = pathlib.Path(__file__).resolve().parents[3] / "roles"
TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "dict": (dict,),
    "float": (float, int),
    "int": (int,),
    "list": (list,),
    "path": (str,),
    "raw": (object,),
    "str": (str,),
}


def load(path: pathlib.Path) -> dict[str, t.Any]:
    """Return a YAML file's mapping; an absent or empty file is an empty one."""
    return (yaml.safe_load(path.read_text()) if path.exists() else None) or {}


def is_expression(value: object) -> bool:
    """Say whether a default is a Jinja expression, whose type shows only when it is evaluated."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def value_when_unset(expression: str) -> object:
    """Return what ``{{ railyard_x | default({}) }}`` is where nobody sets ``railyard_x``; itself for any other expression."""
    fallback = re.search(r"\|\s*default\((.*?)(?:, true)?\)\s*}}$", expression)
    if fallback:
        try:
            return ast.literal_eval(fallback[1])
        except (SyntaxError, ValueError):
            pass
    return expression


def expression_faults(name: str, option: dict[str, t.Any], expression: str) -> list[str]:
    """Return what is wrong with the description of a default that other variables decide.

    The documentation tools evaluate a default by its type, so an expression can be repeated only where that is a text;
    elsewhere its value while the other variables are unset stands for it, or the description names one of them.
    """
    if "default" in option:
        allowed = (expression, value_when_unset(expression))
        told = any((type(value), value) == (type(option["default"]), option["default"]) for value in allowed)
        return [] if told else [f"{name}: argument_specs says {option['default']!r}, defaults/main.yml {expression!r}"]
    names = set(re.findall(r"[a-z_]\w+", expression))
    words = set(re.findall(r"[a-z_]\w+", str(option.get("description"))))
    return [] if {word for word in names & words if "_" in word} else [f"{name}: the description names none of the variables that decide its default"]


def type_faults(name: str, option: dict[str, t.Any]) -> list[str]:
    """Return what is wrong with an option's own description, its suboptions included."""
    found: list[str] = []
    kind = option.get("type")
    if kind not in TYPES:
        return [f"{name}: type {kind!r} is none of {', '.join(TYPES)}"]
    if not option.get("description"):
        found.append(f"{name}: has no description")
    if kind == "list" and "elements" not in option:
        found.append(f"{name}: a list without elements")
    if "default" in option:
        default = option["default"]
        number_is_bool = isinstance(default, bool) and kind in ("int", "float")
        if default is not None and not is_expression(default) and (number_is_bool or not isinstance(default, TYPES[kind])):
            found.append(f"{name}: the default {default!r} is not of type {kind}")
        if option.get("required"):
            found.append(f"{name}: required and yet with a default")
        if option.get("no_log") and is_expression(default):
            # Ansible evaluates it, and prints the whole specification when any option of the role is wrong.
            found.append(f"{name}: the default of a secret would be shown")
        choices = option.get("choices")
        if choices and kind != "list" and not is_expression(default) and default not in choices:
            found.append(f"{name}: the default {default!r} is none of its choices")
    for key, suboption in (option.get("options") or {}).items():
        found += type_faults(f"{name}.{key}", suboption)
    return found


def faults(role: str, specs: dict[str, t.Any], defaults: dict[str, t.Any]) -> list[str]:
    """Return what differs between a role's argument_specs and its defaults, a line each."""
    found: list[str] = []
    options: dict[str, dict[str, t.Any]] = {}
    for entry_point, spec in specs.get("argument_specs", {}).items():
        if not spec.get("short_description"):
            found.append(f"{entry_point}: has no short_description")
        for name, option in (spec.get("options") or {}).items():
            if options.setdefault(name, option) != option:
                found.append(f"{name}: entry point {entry_point} describes it otherwise than another one")
    for name, option in options.items():
        if not name.startswith((f"{role}_", "railyard_", "secret_")):
            found.append(f"{name}: does not begin with {role}_")
        found += type_faults(name, option)
        if name not in defaults:
            if not option.get("required"):
                found.append(f"{name}: is described, not required, and not in defaults/main.yml")
        elif is_expression(defaults[name]):
            found += expression_faults(name, option, defaults[name])
        elif "default" not in option:
            found.append(f"{name}: defaults/main.yml has {defaults[name]!r}, argument_specs no default")
        elif (type(option["default"]), option["default"]) != (type(defaults[name]), defaults[name]):
            found.append(f"{name}: argument_specs says {option['default']!r}, defaults/main.yml {defaults[name]!r}")
    found += [f"{name}: is in defaults/main.yml and not in argument_specs" for name in defaults if name not in options]
    return found


def test_argument_specs_and_defaults_agree() -> None:
    problems: list[str] = []
    for folder in sorted(path for path in ROLES.iterdir() if path.is_dir()):
        specs = load(folder / "meta/argument_specs.yml")
        found = faults(folder.name, specs, load(folder / "defaults/main.yml")) if specs else ["has no meta/argument_specs.yml"]
        problems += [f"roles/{folder.name}: {fault}" for fault in found]
    assert not problems, "\n".join(problems)


DIFFERENT = "a_count: argument_specs says 2, defaults/main.yml '{{ railyard_x | default(3) }}'"
UNTOLD = "a_count: the description names none of the variables that decide its default"
OPTION = {"type": "int", "description": "How many.", "default": 1}


@pytest.mark.parametrize(
    ("option", "default", "fault"),
    [
        (OPTION, {"a_count": 1}, ""),
        (OPTION, {"a_count": 2}, "a_count: argument_specs says 1, defaults/main.yml 2"),
        (OPTION, {"a_count": True}, "a_count: argument_specs says 1, defaults/main.yml True"),
        (OPTION, {}, "a_count: is described, not required, and not in defaults/main.yml"),
        (OPTION, {"a_count": 1, "a_size": 2}, "a_size: is in defaults/main.yml and not in argument_specs"),
        ({**OPTION, "default": "1"}, {"a_count": "1"}, "a_count: the default '1' is not of type int"),
        ({**OPTION, "default": True}, {"a_count": True}, "a_count: the default True is not of type int"),
        ({"type": "int", "description": "x"}, {"a_count": 1}, "a_count: defaults/main.yml has 1, argument_specs no default"),
        ({"type": "int", "description": "x", "required": True}, {}, ""),
        ({"description": "x", "default": 1}, {"a_count": 1}, "a_count: type None is none of bool, dict, float, int, list, path, raw, str"),
        ({"type": "list", "description": "x", "default": []}, {"a_count": []}, "a_count: a list without elements"),
        ({"type": "str", "description": "x", "default": "{{ railyard_x }}"}, {"a_count": "{{ railyard_x }}"}, ""),
        ({"type": "dict", "description": "x", "default": {}}, {"a_count": "{{ railyard_x | default({}) }}"}, ""),
        ({"type": "int", "description": "x", "default": 2}, {"a_count": "{{ railyard_x | default(3) }}"}, DIFFERENT),
        ({"type": "dict", "description": "Both of O(a_one) and more."}, {"a_count": "{{ a_one | combine(a_two) }}"}, ""),
        ({"type": "dict", "description": "All."}, {"a_count": "{{ a_one | combine(a_two) }}"}, UNTOLD),
        (
            {"type": "str", "description": "x", "no_log": True, "default": "{{ secret_a }}"},
            {"a_count": "{{ secret_a }}"},
            "a_count: the default of a secret would be shown",
        ),
    ],
)
def test_this_check_sees(option: dict[str, t.Any], default: dict[str, t.Any], fault: str) -> None:
    specs = {"argument_specs": {"main": {"short_description": "x", "options": {"a_count": option}}}}
    assert faults("a", specs, default) == ([fault] if fault else [])
