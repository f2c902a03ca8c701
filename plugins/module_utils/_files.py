# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""What railyard.cluster.files does on a node: look at paths, make new content ready, put it in place."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import pwd
import shlex
import stat
import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils.core import files
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner

LOCK = "/run/railyard/files.lock"
VALIDATE_TIMEOUT_S = 60


def number(name: str, lookup: t.Callable[[str], int]) -> int | None:
    try:
        return int(name) if name.isdigit() else lookup(name)
    except KeyError:
        return None


def name_of(number: int, lookup: t.Callable[[int], str]) -> str:
    try:
        return lookup(number)
    except KeyError:
        return str(number)


def observe(file: files.DesiredFile) -> files.ObservedFile:
    """Look at a path. A directory may be reached through a link, a file may not."""
    try:
        return _observe(file)
    except (FileNotFoundError, NotADirectoryError):
        return files.ObservedFile()
    except OSError as error:
        raise CoreError(f"{file.path} can't be read: {error.strerror}.") from error


def _observe(file: files.DesiredFile) -> files.ObservedFile:
    info = os.stat(file.path) if file.state == "directory" else os.lstat(file.path)
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(info.st_mode), "other")
    content = b""
    if kind == "file" and file.state != "directory":
        with open(file.path, "rb") as source:
            content = source.read()
    return files.ObservedFile(
        kind=kind,
        uid=info.st_uid,
        gid=info.st_gid,
        owner=name_of(info.st_uid, lambda uid: pwd.getpwuid(uid).pw_name),
        group=name_of(info.st_gid, lambda gid: grp.getgrgid(gid).gr_name),
        mode=stat.S_IMODE(info.st_mode),
        content=content,
        target=os.readlink(file.path) if kind == "link" else "",
        entries=len(os.listdir(file.path)) if kind == "directory" and file.state == "absent" else 0,
    )


class Writer:
    """Apply planned changes: everything is made ready and validated first, then put in place."""

    def __init__(self, module: AnsibleModule, runner: ModuleRunner, accounts: files.Accounts) -> None:
        self.module, self.runner, self.accounts = module, runner, accounts
        self.made: list[str] = []

    def apply(self, changes: list[files.FileChange], records: list[files.Record]) -> None:
        """Change what is to be changed. A record names a file before it is there and until it is gone, so that no interrupted run loses sight of one."""
        done: list[str] = []
        staged = [change for change in changes if change.staged]
        current = ""
        try:
            for change in changes:
                current = change.desired.path
                self.prepare(change)
            for change in staged:
                self.validate(change.desired)
            for record in records:
                current = record.path
                self.note(record, record.put, record.put | record.listed)
            for change in changes:
                current = change.desired.path
                self.commit(change)
                done.append(current)
            for record in records:
                current = record.path
                self.note(record, record.put | record.listed, record.listed)
            for folder in sorted({os.path.dirname(path) for path in done}):
                sync(folder)
        except OSError as error:
            so_far = f" after {', '.join(done)} was changed" if done else "; nothing was changed"
            raise CoreError(f"{current} can't be written: {error.strerror}{so_far}.") from error
        finally:
            for path in [*(change.desired.path for change in staged), *(record.path for record in records)]:
                remove(files.staged_path(path))
            for path in reversed([] if done else self.made):
                for record in records:
                    if record.folder.path == path:
                        remove(record.path)
                os.rmdir(path)

    def prepare(self, change: files.FileChange) -> None:
        if change.action == "create" and change.desired.state == "directory":
            os.mkdir(change.desired.path, 0o700)
            self.made.append(change.desired.path)
        elif change.staged:
            self.stage(change)

    def stage(self, change: files.FileChange) -> None:
        file, waiting = change.desired, files.staged_path(change.desired.path)
        if file.state == "link":
            os.symlink(file.target, waiting)
            return
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(file.content)
            sink.flush()
            self.own(file, descriptor)
            os.fsync(descriptor)
        if self.module.selinux_enabled():
            kept = change.observed.kind == "file"
            context = self.module.selinux_context(file.path) if kept else self.module.selinux_default_context(file.path)
            self.module.set_context_if_different(waiting, context, False)

    def note(self, record: files.Record, now: t.AbstractSet[str], names: t.AbstractSet[str]) -> None:
        """Have the record say ``names``, where it does not say so ``now``."""
        if names != now:
            change = files.FileChange(record.file(names), files.ObservedFile(), "create")
            self.stage(change)
            self.commit(change)

    def own(self, file: files.DesiredFile, place: str | int) -> None:
        os.chown(place, t.cast(int, self.accounts.users[file.owner]), t.cast(int, self.accounts.groups[file.group]))
        os.chmod(place, file.mode)

    def validate(self, file: files.DesiredFile) -> None:
        if not file.validate:
            return
        command = [word.replace("%s", files.staged_path(file.path)) for word in shlex.split(file.validate)]
        answer = self.runner.run(command, VALIDATE_TIMEOUT_S)
        if answer.rc:
            said = "(hidden)" if self.module.params["secret"] else (answer.stderr.strip() or answer.stdout.strip())[-2000:]
            raise CoreError(f"validation with {file.validate!r} ended with {answer.rc}: {said}.", where=file.path, hint="Nothing was changed.")

    def commit(self, change: files.FileChange) -> None:
        file = change.desired
        if change.staged:
            os.replace(files.staged_path(file.path), file.path)
        elif change.action == "remove":
            os.rmdir(file.path) if change.observed.kind == "directory" else os.unlink(file.path)
        else:
            self.own(file, file.path)


def sync(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def remove(path: str) -> None:
    """Remove staged content. What can't be removed will be named when the file is made ready."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def clean(file: files.DesiredFile) -> None:
    """Remove what an interrupted run left: beside a file, and in a directory that is purged, where the file may not be listed any more."""
    remove(files.staged_path(file.path))
    if file.purge:
        with contextlib.suppress(OSError):
            for name in filter(files.is_staged, os.listdir(file.path)):
                remove(os.path.join(file.path, name))


def lock() -> None:
    """Wait for a run that is still at work here, such as one whose controller went away. Held until this process ends."""
    if os.geteuid() == 0:
        os.makedirs(os.path.dirname(LOCK), mode=0o755, exist_ok=True)
        fcntl.flock(os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), fcntl.LOCK_EX)
