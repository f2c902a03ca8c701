# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where things are: the collection, its inventories, and the state of a site."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from railyard.core.errors import CoreError

LABS = Path("/var/lib/railyard/labs")
DEFAULT_LAB = "default"
# The inventories of the lab: as it is declared, and as it is found.
LAB_SITES = ("lab", "lab_discovered")


def collection_root() -> Path:
    """Return the folder of the collection: the checkout that this command belongs to, or what the wheel installed."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "galaxy.yml").is_file() and (checkout / "playbooks").is_dir():
        return checkout
    for name in ("purelib", "platlib"):
        installed = Path(sysconfig.get_path(name)) / "ansible_collections" / "railyard" / "cluster"
        if installed.is_dir():
            return installed
    beside = Path(__file__).resolve().parents[1] / "ansible_collections" / "railyard" / "cluster"
    if beside.is_dir():
        return beside
    raise CoreError("the collection railyard.cluster is not installed beside the command.", hint="pip install --force-reinstall railyard")


def inventory_path(name: str) -> str:
    """Return the inventory to use for what was given to ``-i``; the lab's for nothing."""
    if name:
        if "," not in name and not Path(name).exists():
            raise CoreError(f"the inventory {name} does not exist.", hint="Give a folder or file with -i; without -i it is the lab's.")
        return name
    return shortest(collection_root() / "inventories" / "lab")


def shortest(path: Path) -> str:
    """Return the path as a person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def site_name(inventory: str) -> str:
    """Return the name of the site: that of the inventory's folder."""
    if "," in inventory:
        return "adhoc"
    path = Path(inventory).resolve()
    return path.name if path.is_dir() else path.parent.name


def state_directory(inventory: str, environment: Mapping[str, str]) -> Path:
    """Return where the state of the inventory's site is kept. Nothing is made."""
    if environment.get("RAILYARD_STATE_DIR"):
        return Path(environment["RAILYARD_STATE_DIR"])
    site = site_name(inventory)
    if site in LAB_SITES:
        return LABS / (environment.get("RAILYARD_LAB") or DEFAULT_LAB)
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local" / "state")
    return Path(home) / "railyard" / site


def ansible_config(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the setting that makes Ansible read our ansible.cfg, unless the user has one of their own."""
    own = [Path("ansible.cfg"), Path("~/.ansible.cfg").expanduser(), Path("/etc/ansible/ansible.cfg")]
    if environment.get("ANSIBLE_CONFIG") or any(path.is_file() for path in own):
        return {}
    return {"ANSIBLE_CONFIG": str(collection_root() / "ansible.cfg")}


def encrypted_file(inventory: str) -> str:
    """Return the first file of the inventory that ansible-vault encrypted, to name it in an error."""
    folder = Path(inventory) if Path(inventory).is_dir() else Path(inventory).parent
    for path in sorted(folder.glob("*_vars/**/*")):
        try:
            with path.open("rb") as file:
                if file.read(14) == b"$ANSIBLE_VAULT":
                    return str(path)
        except OSError:
            continue
    return f"a file of {inventory}"
