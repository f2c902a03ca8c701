# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Runner was asked and what it answered, kept as a capture, and a Runner that answers from one.

Kept is what the collectors read, and of long answers what they look at: no environment, no command line of a process, no address in the
kernel's memory, no value of a secret on the kernel's command line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ..runner import CommandResult, Runner
from .source import MISSING_RC
from .system import without_secrets

# Lists of hundreds of clocks, and what runs on the GPUs with its command line.
_LONG_XML = re.compile(r"<(supported_clocks|processes|accounted_processes)>.*?</\1>", re.DOTALL)
# Of each device its name and its access control, or that it is hidden.
_LSPCI_LINES = re.compile(r"^(?:\S.*|\s+ACSCtl:.*|\s+Capabilities: <access denied>.*)\n?", re.MULTILINE)


class RecordingRunner:
    """Hands everything on to another Runner and keeps the answers. Paths are kept without the hardware root."""

    def __init__(self, runner: Runner, root: str = "/") -> None:
        self._runner = runner
        self._root = root.rstrip("/")
        self.commands: dict[str, dict[str, Any]] = {}
        self.files: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.folders: dict[str, list[str]] = {}
        self.denied: set[str] = set()

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        answer = self._runner.run(argv, timeout_s)
        line = shlex.join(argv)
        self.commands[line] = {"rc": answer.rc, "stdout": essential_output(argv, answer.stdout), "stderr": answer.stderr}
        return answer

    def read(self, path: str) -> str:
        name = self._name(path)
        try:
            content = self._runner.read(path)
        except PermissionError:
            self.denied.add(name)
            raise
        self.files[name] = essential_content(name, content)
        return content

    def listdir(self, path: str) -> list[str]:
        names = self._runner.listdir(path)
        self.folders[self._name(path)] = names
        return names

    def readlink(self, path: str) -> str:
        target = self._runner.readlink(path)
        self.links[self._name(path)] = target
        return target

    def _name(self, path: str) -> str:
        return path[len(self._root) :] if self._root and path.startswith(f"{self._root}/") else path


class CaptureRunner:
    """A node as a capture shows it: what was not recorded is not there. Takes a document that ``parse.capture.load`` has checked."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        answer = self._document["commands"].get(shlex.join(argv))
        if answer is None:
            return CommandResult(MISSING_RC, "", "not recorded")
        return CommandResult(answer["rc"], answer.get("stdout", ""), answer.get("stderr", ""))

    def read(self, path: str) -> str:
        if path in self._document.get("denied", ()):
            raise PermissionError(path)
        return str(self._find("files", path))

    def listdir(self, path: str) -> list[str]:
        return list(self._find("folders", path))

    def readlink(self, path: str) -> str:
        return str(self._find("links", path))

    def _find(self, kind: str, path: str) -> Any:
        found = self._document.get(kind, {}).get(path)
        if found is None:
            raise FileNotFoundError(path)
        return found


def essential_output(argv: Sequence[str], text: str) -> str:
    """Return of a command's output what is looked at."""
    if argv[0] == "nvidia-smi":
        return _LONG_XML.sub("", text)
    if argv[0] == "lspci" and "-vv" in argv:
        return "".join(match.group() for match in _LSPCI_LINES.finditer(text))
    return text


def essential_content(path: str, text: str) -> str:
    """Return of a file what is looked at."""
    if path == "/proc/cpuinfo":
        # One processor stands for all: they differ in numbers that /sys tells too.
        return text.partition("\n\n")[0] + "\n"
    if path == "/proc/modules":
        return "".join(f"{line.split(' ', 1)[0]}\n" for line in text.splitlines())
    if path == "/proc/cmdline":
        return without_secrets(text) + "\n"
    return text
