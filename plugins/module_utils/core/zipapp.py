# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Executables for nodes: one file with everything it imports, the same bytes wherever and whenever it is built.

A zipapp holds the package ``railyard``: the entry and, of the library, what the entry imports. Files are stored,
not compressed, because compressed bytes differ between versions of zlib; so the node's file changes exactly when
one of its sources does.
"""

from __future__ import annotations

import ast
import hashlib
import io
import zipfile
from collections.abc import Mapping

from .errors import CoreError

INTERPRETER = "/usr/bin/python3 -IS"
PACKAGE = "railyard"

_EPOCH = (1980, 1, 1, 0, 0, 0)


def build_zipapp(sources: Mapping[str, str], entry: str, version: str) -> bytes:
    """Return an executable that calls ``main(VERSION)`` of the source ``entry`` and exits with what it returns.

    ``sources`` has Python text by path (``core/errors.py``) below one folder, ``entry`` is one of the paths. Only
    relative imports are followed. ``main`` gets the version with a digest of what went in, like ``0.1.0+4f2a90c1e77b``.
    """
    names = closure(sources, entry)
    digest = hashlib.sha256("".join(f"{name}\0{sources[name]}\0" for name in names).encode("utf-8")).hexdigest()
    module = entry[: -len(".py")].replace("/", ".")
    files = {f"{PACKAGE}/{name}": sources[name] for name in names}
    files["__main__.py"] = f'from {PACKAGE}.{module} import main\n\nraise SystemExit(main("{version}+{digest[:12]}"))\n'
    for name in list(files):
        # Every folder is a package: the zip importer knows no other.
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            files.setdefault("/".join([*parts[:depth], "__init__.py"]), "")
    sink = io.BytesIO()
    sink.write(f"#!{INTERPRETER}\n".encode("ascii"))
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, files[name].encode("utf-8"))
    return sink.getvalue()


def closure(sources: Mapping[str, str], entry: str) -> list[str]:
    """Return the sorted paths of ``entry`` and everything it imports, directly or not."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            if name not in sources:
                raise CoreError(f"there is no source {name!r} for the executable.", where=entry)
            found.add(name)
            waiting += _imported(sources, name)
    return sorted(found)


def _imported(sources: Mapping[str, str], name: str) -> list[str]:
    folder = name.split("/")[:-1]
    imported = []
    for node in ast.walk(ast.parse(sources[name], name)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = folder[: len(folder) - node.level + 1] + (node.module.split(".") if node.module else [])
        module = "/".join(base) + ".py"
        if module in sources:
            imported.append(module)
            continue
        for alias in node.names:
            child = "/".join([*base, f"{alias.name}.py"])
            if child not in sources:
                raise CoreError(f"it imports {'.' * node.level}{node.module or ''}.{alias.name}, which is nowhere.", where=f"{name}, line {node.lineno}")
            imported.append(child)
    return imported
