# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The simulator's executable: vendors' tools under their own names, and a command for faults.

It answers as the tool it is called as. Under any other name it is the command that changes the profile:
``railyard-simulator fault KIND [GPU] [KEY=VALUE ...]``, ``heal [KIND] [GPU]``, ``status``, ``render`` (the files of the hardware, where
there are none yet).
"""

from __future__ import annotations

import json
import os
import sys
import typing as t
from datetime import datetime

from .core.errors import CoreError
from .core.simulator.hardware_tree import Tree, hardware_tree
from .core.simulator.lspci import lspci
from .core.simulator.nvidia_smi import nvidia_smi
from .core.simulator.profile import FAULTS, HARDWARE_ROOT, apply_fault, heal, kernel_log
from .core.simulator.programs import TEST_PROGRAMS

PROFILE = "/etc/railyard-lab/hardware.json"
PROFILE_VARIABLE = "RAILYARD_SIMULATOR_PROFILE"
HARDWARE_VARIABLE = "RAILYARD_SIMULATOR_HARDWARE"
# Where the tool would open its GPUs.
DEVICES = "/dev/nvidia"
TOOLS = {"lspci": lspci, "nvidia-smi": nvidia_smi}


def main(version: str) -> int:
    path = os.environ.get(PROFILE_VARIABLE, PROFILE)
    name = os.path.basename(sys.argv[0])
    try:
        profile = _read(path)
        if name in TEST_PROGRAMS:
            # They bring two thirds of all that there is to load, and nvidia-smi is asked far more often.
            from ._simulated_tests import run

            return run(name, profile, sys.argv[1:], _denied(profile))
        if name in TOOLS:
            answer = TOOLS[name](profile, sys.argv[1:], datetime.now(), _denied(profile))
            sys.stdout.write(answer.stdout)
            sys.stderr.write(answer.stderr)
            sys.stdout.flush()
            return answer.rc
        return _command(path, profile, sys.argv[1:], version)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CoreError as error:
        sys.stderr.write(f"railyard: {error}\n")
        return 255


def _read(path: str) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as file:
            profile = json.load(file)
    except (OSError, ValueError) as error:
        raise CoreError(f"the hardware profile cannot be read ({error}).", where=path, hint="It is written when the node is made.") from None
    if not isinstance(profile, dict) or profile.get("schema") != "railyard.simulator.profile":
        raise CoreError("this is not a hardware profile.", where=path)
    return profile


def _denied(profile: dict[str, t.Any]) -> list[int]:
    """Return the numbers of the device files that a job's cgroup denies. One without a driver behind it is not denied."""
    denied = []
    for gpu in profile["gpus"]:
        try:
            os.close(os.open(f"{DEVICES}{gpu['minor']}", os.O_RDWR | os.O_CLOEXEC))
        except PermissionError:
            denied.append(gpu["minor"])
        except OSError:
            pass
    return denied


def _command(path: str, profile: dict[str, t.Any], argv: list[str], version: str) -> int:
    action, *words = argv or ["status"]
    numbers = [int(word) for word in words if word.isdigit()]
    details = dict(word.split("=", 1) for word in words if "=" in word)
    kinds = [word for word in words if not word.isdigit() and "=" not in word]
    gpu = numbers[0] if numbers else None
    if action == "fault" and len(kinds) == 1:
        _change(path, profile, apply_fault(profile, kinds[0], gpu, **{key: int(value) if value.isdigit() else value for key, value in details.items()}))
    elif action == "heal" and len(kinds) <= 1:
        _change(path, profile, heal(profile, kinds[0] if kinds else "", gpu))
    elif action == "render" and not words:
        root = os.environ.get(HARDWARE_VARIABLE, HARDWARE_ROOT)
        if not os.path.isdir(root):
            write_tree(root, Tree(), hardware_tree(profile))
    elif action == "status":
        status = {key: profile[key] for key in ("node", "class", "faults")}
        sys.stdout.write(json.dumps({**status, "kernel_log": kernel_log(profile), "version": version}, indent=2) + "\n")
    else:
        kinds_known = "\n".join(f"  {kind:<20} {entry['help']}" for kind, entry in FAULTS.items())
        sys.stderr.write(f"usage: railyard-simulator fault KIND [GPU] [KEY=VALUE ...] | heal [KIND] [GPU] | status | render\n\n{kinds_known}\n")
        return 2
    return 0


def _change(path: str, profile: dict[str, t.Any], changed: dict[str, t.Any]) -> None:
    """Replace the profile, and what the hardware's files show of it."""
    _write(path, changed)
    root = os.environ.get(HARDWARE_VARIABLE, HARDWARE_ROOT)
    if os.path.isdir(root):
        write_tree(root, hardware_tree(profile), hardware_tree(changed))


def write_tree(root: str, before: Tree, after: Tree) -> None:
    """Make the tree below a folder that of ``after``. What is the same in both is left alone: somebody may have changed it."""
    try:
        for path in before.files.keys() - after.files.keys() | before.links.keys() - after.links.keys():
            _remove(root, root + path)
        for path, content in after.files.items():
            if before.files.get(path) != content:
                os.makedirs(os.path.dirname(root + path), exist_ok=True)
                with open(root + path, "w", encoding="utf-8") as file:
                    file.write(content)
        for path, target in after.links.items():
            if before.links.get(path) != target:
                os.makedirs(os.path.dirname(root + path), exist_ok=True)
                if os.path.islink(root + path):
                    os.unlink(root + path)
                os.symlink(target, root + path)
    except OSError as error:
        raise CoreError(f"the simulated hardware cannot be written ({error}).", where=root, hint="Only root may change it.") from None


def _remove(root: str, path: str) -> None:
    """Remove a file and the folders that nothing else is in."""
    if os.path.lexists(path):
        os.unlink(path)
    folder = os.path.dirname(path)
    while folder != root and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def _write(path: str, profile: dict[str, t.Any]) -> None:
    """Replace the profile as a whole: a tool that runs meanwhile reads the old one or the new one."""
    staged = f"{path}.new"
    try:
        with open(staged, "w", encoding="utf-8") as file:
            json.dump(profile, file, indent=2)
            file.write("\n")
        os.replace(staged, path)
    except OSError as error:
        raise CoreError(f"the hardware profile cannot be written ({error}).", where=path, hint="Only root may change it.") from None
