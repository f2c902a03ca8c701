# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Redfish service saved as a folder: by a crawl, as a mock-up, or a few of its resources.

Resources are known by the addresses and types they give themselves; how the files are named only matters for one that gives none.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import CoreError
from ..model.redfish import Redfish
from ..redfish.places import resources_of, root_of, systems_of
from ..redfish.service import describe
from ..redfish.tree import ROOT, Tree
from ..redfish.walk import wanted
from .values import load_json

TABLES = {
    "systems": ("id", "model", "serial", "bios_version", "power_state", "health", "memory_gib", "cpus", "gpus"),
    "managers": ("id", "type", "model", "firmware_version", "addresses", "health"),
}

# So many things of one sort are named; of the others there is the number.
_NAMED = 3


def parse(folder: Mapping[str, str]) -> Redfish:
    """Describe the service whose files these are, by relative path. Raises ``CoreError`` for a folder that holds none."""
    tree, unreadable, doubled = Tree(), [], []
    for path, content in folder.items():
        looks_like_json = content.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
        if not looks_like_json and not path.endswith(".json"):
            continue
        try:
            document = load_json(content.lstrip("\ufeff"))
        except CoreError as error:
            unreadable.append(f"{path}: {error}" if error.where == "" else f"{path}: {error.where}: {error.message}")
            continue
        if not tree.add(document, _address(path)):
            doubled.append(path)
    _refuse_none(tree, folder, unreadable)
    missing = [want.address for want in wanted(tree, essential=True)]
    warnings = [f"{problem.rstrip('.')}: left out." for problem in unreadable]
    warnings += _summary(doubled, "is of another machine than a file with the same address: a folder is read as one service")
    warnings += _summary(missing, "is named by other resources and is not in the folder")
    return describe(tree, warnings, complete=not unreadable and not missing)


def _address(path: str) -> str:
    """Return the address that a file's path stands for: ``/redfish/v1/Systems/1`` for ``x/redfish/v1/Systems/1/index.json``."""
    start = path.find(ROOT.lstrip("/"))
    name = path[start:] if start >= 0 else path
    for ending in (".json", "/index", "index"):
        name = name.removesuffix(ending)
    return "/" + name.strip("/")


def _refuse_none(tree: Tree, folder: Mapping[str, str], unreadable: list[str]) -> None:
    if root_of(tree) or systems_of(tree) or resources_of(tree, "Managers", "Manager") or resources_of(tree, "Chassis", "Chassis"):
        return
    hint = "Name the folder that a crawl or a mock-up of a service was saved in."
    if tree.failed:
        answer = next(iter(tree.failed.values()))
        raise CoreError(f"the folder holds no Redfish service, only what one answered instead: {answer}", hint=hint)
    if unreadable:
        raise CoreError(f"the folder holds no Redfish service that can be read: {unreadable[0]}", hint=hint)
    kinds = sorted({str(resource.get("@odata.type")) for resource in tree if resource.get("@odata.type")})
    if kinds:
        raise CoreError(f"the folder holds no system, chassis, manager or root of a Redfish service, only {', '.join(kinds[:_NAMED])}.", hint=hint)
    raise CoreError(f"the folder holds no Redfish service: none of its {len(folder)} files has a resource.", hint=hint)


def _summary(names: list[str], about: str) -> list[str]:
    named = [f"{name} {about}." for name in names[:_NAMED]]
    return named + ([f"The same of {len(names) - _NAMED} more."] if len(names) > _NAMED else [])
