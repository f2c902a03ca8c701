# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files as they should be against files as they are: what must change, and how that reads as a diff.

``check_entries`` reads what a task was given, ``pack`` and ``unpack`` carry the rendered files to a node,
``plan`` compares them with what is there. A ``Record`` is what a directory remembers of earlier runs, so that what is no
longer listed can go. Who renders, reads and writes is the caller's business.
"""

from __future__ import annotations

import base64
import json
import os.path
import re
import typing as t
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from .errors import CoreError

STATES = ("file", "directory", "absent", "link")
ORIGINS = ("content", "content_base64", "template", "source")
KEYS = frozenset(("path", "state", "owner", "group", "mode", "target", "validate", "purge", "vars", *ORIGINS))
DIFF_LIMIT_BYTES = 100_000

_STAGED_SUFFIX = ".railyard-staged"
_RECORD_SUFFIX = ".railyard-files"
_RECORD_HEAD = "# What Railyard put here. Of these files it removes those that it no longer lists, and no others."
_MODE = re.compile(r"[0-7]{3,4}")
_PURGE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class DesiredFile:
    """One path as it should be. ``mode`` is a number; ``validate`` contains ``%s`` or is empty; ``purge`` is a directory's and names its record."""

    path: str
    state: str = "file"
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644
    content: bytes = b""
    target: str = ""
    validate: str = ""
    purge: str = ""


@dataclass(frozen=True)
class Entry:
    """One item of a task's ``files``: the path as it should be, and where its content comes from."""

    file: DesiredFile
    origin: str = ""
    value: t.Any = None
    variables: Mapping[str, t.Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ObservedFile:
    """One path as it is. ``kind`` is absent, file, directory, link or other; ``entries`` counts a directory's."""

    kind: str = "absent"
    uid: int = 0
    gid: int = 0
    owner: str = ""
    group: str = ""
    mode: int = 0
    content: bytes = b""
    target: str = ""
    entries: int = 0


@dataclass(frozen=True)
class Accounts:
    """The numbers of the users and groups that desired files name; ``None`` for one that the node lacks."""

    users: Mapping[str, int | None]
    groups: Mapping[str, int | None]


@dataclass(frozen=True)
class FileChange:
    """One path to change. ``action`` is create, replace, attributes or remove."""

    desired: DesiredFile
    observed: ObservedFile
    action: str

    @property
    def staged(self) -> bool:
        """True where new content is written beside the path first, and then takes its place."""
        return self.action in ("create", "replace") and self.desired.state != "directory"


@dataclass(frozen=True)
class Record:
    """Names of files and links in a directory: those that earlier runs of tasks with this name ``put`` there, and those that are ``listed`` now."""

    folder: DesiredFile
    put: frozenset[str]
    listed: frozenset[str]
    gone: tuple[DesiredFile, ...]
    """What was put there and is not listed any more."""

    @property
    def path(self) -> str:
        return record_path(self.folder)

    def file(self, names: Collection[str]) -> DesiredFile:
        """Return the file that remembers these names; it belongs to whom the directory belongs to."""
        content = "".join(f"{line}\n" for line in (_RECORD_HEAD, *sorted(names)))
        return DesiredFile(self.path, owner=self.folder.owner, group=self.folder.group, content=content.encode("utf-8"))


def record_path(folder: DesiredFile) -> str:
    """Return where a directory's record is: hidden, in the directory itself, so that they come and go together."""
    return os.path.join(folder.path, f".{folder.purge}{_RECORD_SUFFIX}")


def records(desired: Sequence[DesiredFile], contents: Mapping[str, bytes]) -> list[Record]:
    """Return the records of the directories that have one. ``contents`` has what each says by its path, empty where there is none yet."""
    result = []
    for folder in (file for file in desired if file.purge):
        inside = [file for file in desired if os.path.dirname(file.path) == folder.path]
        lines = contents[record_path(folder)].decode("utf-8", errors="replace").split("\n")
        put = frozenset(line for line in lines if line not in ("", _RECORD_HEAD) and "/" not in line)
        gone = sorted(put - {os.path.basename(file.path) for file in inside})
        listed = frozenset(os.path.basename(file.path) for file in inside if file.state in ("file", "link"))
        result.append(Record(folder, put, listed, tuple(DesiredFile(os.path.join(folder.path, name), "absent") for name in gone)))
    return result


def staged_path(path: str) -> str:
    """Return where the next content of ``path`` waits: hidden, in the same folder, with no suffix a daemon reads."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}{_STAGED_SUFFIX}")


def is_staged(name: str) -> bool:
    """Say whether a name in a directory is one that ``staged_path`` makes."""
    return name.startswith(".") and name.endswith(_STAGED_SUFFIX)


def check_entries(files: t.Any) -> list[Entry]:
    """Read a task's ``files``. Raises ``CoreError`` that names the item for anything it can't mean."""
    if not isinstance(files, Sequence) or isinstance(files, (str, bytes)):
        raise CoreError("a list of files is needed.", where="files")
    entries = [_check_entry(item, f"files[{index}]") for index, item in enumerate(files)]
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry.file.path in seen:
            raise CoreError(f"{entry.file.path} is listed twice.", where=f"files[{index}]", hint="Keep one of them.")
        seen.add(entry.file.path)
    return entries


def _check_entry(item: t.Any, where: str) -> Entry:
    if not isinstance(item, Mapping):
        raise CoreError(f"a dictionary with a path is needed, not a {type(item).__name__}.", where=where)
    unknown = sorted(str(key) for key in item if key not in KEYS)
    if unknown:
        raise CoreError(f"unknown key {', '.join(unknown)}.", where=where, hint=f"Known are {', '.join(sorted(KEYS))}.")
    path = str(item.get("path") or "")
    if not path.startswith("/") or path != os.path.normpath(path) or path in ("/", "//") or "\n" in path:
        raise CoreError(f"path {path!r} is not a plain absolute path.", where=where, hint="Write it from / on, without .., // or a slash at its end.")
    state = str(item.get("state") or "file")
    if state not in STATES:
        raise CoreError(f"state {state!r} of {path} is unknown.", where=where, hint=f"Known are {', '.join(STATES)}.")
    origins = [key for key in ORIGINS if item.get(key) is not None]
    if state == "file" and len(origins) != 1:
        raise CoreError(f"{path} needs exactly one of content, content_base64, template and source.", where=where)
    if state != "file" and (origins or item.get("validate")):
        raise CoreError(f"{path} has state {state}, which takes no {origins[0] if origins else 'validate'}.", where=where)
    if (state == "link") != bool(item.get("target")):
        raise CoreError(f"{path}: target and state link belong together.", where=where)
    validate = str(item.get("validate") or "")
    if validate and "%s" not in validate:
        raise CoreError(f"validate of {path} lacks %s.", where=where, hint="%s stands for the file to check.")
    purge = str(item.get("purge") or "")
    if purge and state != "directory":
        raise CoreError(f"{path}: purge belongs to state directory.", where=where)
    if purge and not _PURGE.fullmatch(purge):
        raise CoreError(f"purge {purge!r} of {path} is not a name.", where=where, hint="Name who lists the files, in lower-case letters, digits and _.")
    variables = item.get("vars") or {}
    if not isinstance(variables, Mapping):
        raise CoreError(f"vars of {path} is not a dictionary.", where=where)
    file = DesiredFile(
        path=path,
        state=state,
        owner=_name(item.get("owner")),
        group=_name(item.get("group")),
        mode=_mode(item.get("mode"), 0o755 if state == "directory" else 0o644, path, where),
        target=str(item.get("target") or ""),
        validate=validate,
        purge=purge,
    )
    return Entry(file, origins[0] if origins else "", item.get(origins[0]) if origins else None, variables)


def _name(value: t.Any) -> str:
    return "root" if value is None or value == "" else str(value)


def _mode(value: t.Any, default: int, path: str, where: str) -> int:
    if value is None:
        return default
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        raise CoreError(f"mode {value!r} of {path} is not an octal number in quotes.", where=where, hint='Write it as "0644".')
    return int(value, 8)


def text_content(value: t.Any, path: str) -> bytes:
    """Return the bytes of a task's ``content``; text and numbers only."""
    if isinstance(value, (bool, Mapping)) or (isinstance(value, Sequence) and not isinstance(value, str)):
        raise CoreError(f"content of {path} is not text.", hint="Turn data into text with a filter, for example to_nice_json.")
    return str(value).encode("utf-8")


def base64_content(value: t.Any, path: str) -> bytes:
    """Return the bytes of a task's ``content_base64``."""
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        raise CoreError(f"content_base64 of {path} is not base64.", hint="Make it with the filter b64encode, or with a lookup that returns base64.") from None


def pack(files: Sequence[DesiredFile]) -> str:
    """Return the files as one short line of text, safe for any content."""
    rows = [{**asdict(file), "content": base64.b64encode(file.content).decode("ascii")} for file in files]
    return base64.b64encode(zlib.compress(json.dumps(rows).encode("utf-8"))).decode("ascii")


def unpack(payload: str) -> list[DesiredFile]:
    """Return what ``pack`` was given."""
    rows = json.loads(zlib.decompress(base64.b64decode(payload)))
    return [DesiredFile(**{**row, "content": base64.b64decode(row["content"])}) for row in rows]


def plan(
    desired: Sequence[DesiredFile],
    observed: Mapping[str, ObservedFile],
    *,
    accounts: Accounts,
    folders: Collection[str],
    gone: Sequence[DesiredFile] = (),
    check_mode: bool = False,
) -> list[FileChange]:
    """Return what must change, in the order given, and then what of ``gone`` goes: files and links, nothing that has become something else.

    ``observed`` has each path, ``folders`` the parent folders that exist. In check mode an account or a
    folder that an earlier task would have made is no error: the file then counts as one that would change.
    """
    known = set(folders)
    changes = []
    for file in desired:
        if file.state != "absent" and not check_mode:
            _check_possible(file, accounts, known)
        action = _action(file, observed[file.path], accounts)
        if file.state == "directory":
            known.add(file.path)
        if action:
            changes.append(FileChange(file, observed[file.path], action))
    return changes + [FileChange(file, observed[file.path], "remove") for file in gone if observed[file.path].kind in ("file", "link")]


def _check_possible(file: DesiredFile, accounts: Accounts, folders: Collection[str]) -> None:
    folder = os.path.dirname(file.path)
    if folder not in folders:
        raise CoreError(f"{file.path}: its directory {folder} does not exist.", hint="List it before with state: directory, or install its package first.")
    for kind, name, number in (("user", file.owner, accounts.users[file.owner]), ("group", file.group, accounts.groups[file.group])):
        if number is None:
            raise CoreError(f"{file.path}: {kind} {name} does not exist on this node.", hint=f"Create the {kind} or install the package that brings it first.")


def _action(file: DesiredFile, now: ObservedFile, accounts: Accounts) -> str:
    """Return create, replace, attributes, remove, or nothing for a path that is as it should be."""
    if file.state == "absent":
        if now.kind == "directory" and now.entries:
            raise CoreError(f"{file.path} is a directory with {now.entries} entries and is not removed.", hint="Empty it first.")
        return "" if now.kind == "absent" else "remove"
    if now.kind == "absent":
        return "create"
    accepted = ("directory",) if file.state == "directory" else ("file", "link")
    if now.kind not in accepted:
        kind = "something other than a regular file" if now.kind == "other" else f"a {now.kind}"
        raise CoreError(f"{file.path} is {kind}, not a {file.state}, and is not replaced.", hint="Move it away first.")
    if file.state == "link":
        return "" if now.kind == "link" and now.target == file.target else "replace"
    if file.state == "file" and (now.kind == "link" or now.content != file.content):
        return "replace"
    same = (now.uid, now.gid, now.mode) == (accounts.users[file.owner], accounts.groups[file.group], file.mode)
    return "" if same else "attributes"


def diff(change: FileChange) -> list[dict[str, str]]:
    """Return a change as Ansible's before and after: content first, then owner, group and mode."""
    before, after = change.observed, change.desired
    sides: list[tuple[str, str, str]] = []
    if change.action != "attributes":
        sides.append(("", _shown(before.kind, before.content, before.target), _shown(after.state, after.content, after.target)))
    if change.action != "remove" and after.state != "link":
        was = "" if before.kind in ("absent", "link") else _attributes(before.owner, before.group, before.mode)
        will = _attributes(after.owner, after.group, after.mode)
        if was != will:
            sides.append((" (attributes)", was, will))
    return [{"before_header": after.path + what, "after_header": after.path + what, "before": old, "after": new} for what, old, new in sides]


def _shown(kind: str, content: bytes, target: str) -> str:
    if kind == "link":
        return f"link to {target}\n"
    if kind != "file":
        return "" if kind == "absent" else f"{kind}\n"
    if len(content) > DIFF_LIMIT_BYTES or b"\0" in content:
        return f"({len(content)} bytes, not shown)\n"
    return content.decode("utf-8", errors="replace")


def _attributes(owner: str, group: str, mode: int) -> str:
    return f"owner: {owner}\ngroup: {group}\nmode: {mode:04o}\n"
