# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""What the inventory plugins have in common: from the file's options through the cache to hosts with variables and groups.

A plugin says how its source is asked (``fetch``, JSON values) and which hosts the answer makes (``populate``). The answer goes through JSON
before it is used, so that a cached one and a fresh one are the same.
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import json
import os
import pathlib
import re
import subprocess
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

# Of what is cached: another one makes older caches be asked for anew.
_FORMAT = 1
_NO_HOST_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_RESERVED = frozenset(("all", "ungrouped", "localhost"))
_NAMED = 3


class RailyardInventoryPlugin(BaseInventoryPlugin, Constructable, Cacheable):
    """The base of the collection's inventory plugins. ``SUFFIX`` is what the names of their files end with, without ``.yml``."""

    SUFFIX = ""

    _path = ""
    _known_variables: dict[str, t.Any] | None = None

    def fetch(self) -> t.Any:
        """Ask the source and return its answer as JSON values."""
        raise NotImplementedError

    def populate(self, answer: t.Any) -> None:
        """Add the hosts that the answer makes."""
        raise NotImplementedError

    def verify_file(self, path: str) -> bool:
        """Say whether a file is for this plugin: ``redfish.railyard.yml``, ``row1.redfish.railyard.yml``, ``10-redfish.railyard.yaml``."""
        stem, ending = os.path.splitext(os.path.basename(path))
        ours = stem == self.SUFFIX or stem.endswith(tuple(separator + self.SUFFIX for separator in ".-_"))
        return ours and ending in (".yml", ".yaml") and bool(super().verify_file(path))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        self._path = path
        mask = os.umask(0o077)  # The cache's folder is made here; what machines a site has is nobody else's business.
        try:
            config = self._read_config_data(path)
        finally:
            os.umask(mask)
        self._refuse_unknown(config)
        self.populate(self._answer(cache))

    def _refuse_unknown(self, config: Mapping[str, t.Any]) -> None:
        for name in sorted(set(config) - set(self._options)):
            near = difflib.get_close_matches(name, self._options, 1)
            advice = f"did you mean {near[0]}?" if near else f"see ansible-doc -t inventory {self.NAME}."
            raise AnsibleParserError(f"{self._path}: {name} is no option of {self.NAME}; {advice}")

    def _answer(self, use_cache: bool) -> t.Any:
        """Return the source's answer: the cached one if it may be used and is there."""
        caching = self.get_option("cache")
        content = pathlib.Path(self._path).read_bytes()
        key = f"{self.get_cache_key(self._path)}_{hashlib.sha256(content).hexdigest()[:12]}_{_FORMAT}"
        if caching and use_cache:
            try:
                return self._cache[key]
            except KeyError:
                pass
            except AnsibleError as error:
                self.display.warning(f"{self._path}: {error.message} The source is asked instead.")
        answer = json.loads(json.dumps(self.fetch()))
        if caching:
            self._cache[key] = answer
        return answer

    # Options.

    def variables(self) -> dict[str, t.Any]:
        """Return the variables that options may use: those of all hosts from earlier sources and from group_vars beside the file, and extra vars."""
        if self._known_variables is None:
            everybody = self.inventory.groups["all"]
            beside = get_vars_from_inventory_sources(self.loader, [self._path], [everybody], "all")
            self._known_variables = combine_vars(combine_vars(everybody.get_vars(), beside), self._vars or {})
        return self._known_variables

    def templated(self, value: t.Any, name: str, more: Mapping[str, t.Any] | None = None) -> t.Any:
        """Return the value of an option with its templates filled in. ``more`` are variables beside those of all hosts."""
        if not self.templar.is_template(value):
            return value
        self.templar.available_variables = {**self.variables(), **(more or {})}
        try:
            return self.templar.template(value)
        except AnsibleError as error:
            # The message of an error in a template can quote what it evaluated to.
            raise AnsibleParserError(f"{self._path}: {name} can't be evaluated: {type(error).__name__}; is every variable in it set?") from None

    def beside(self, name: str) -> pathlib.Path:
        """Return the path of a file that an option names, relative to the inventory file."""
        return pathlib.Path(self._path).resolve().parent / pathlib.Path(name).expanduser()

    def read(self, name: str) -> str:
        """Return the text of a file that an option names."""
        try:
            return self.beside(name).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise AnsibleParserError(f"{self._path}: {self.beside(name)} can't be read: {error.strerror}.") from None

    def run(self, command: Sequence[str], timeout: float) -> str:
        """Return what a command of the site prints."""
        shown = " ".join(command)
        environment = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=timeout, env=environment, stdin=subprocess.DEVNULL, check=False
            )
        except subprocess.TimeoutExpired:
            raise AnsibleParserError(f"{self._path}: {shown} did not end within {timeout:g} s.") from None
        except OSError as error:
            raise AnsibleParserError(f"{self._path}: {shown} could not be started: {error.strerror}.") from None
        if done.returncode:
            told = next((line.strip() for line in reversed(f"{done.stdout}\n{done.stderr}".splitlines()) if line.strip()), "it printed nothing")
            raise AnsibleParserError(f"{self._path}: {shown} ended with status {done.returncode}: {told}")
        return done.stdout

    # Hosts.

    def joined(self, names: Iterable[str]) -> dict[str, str]:
        """Return the host that each name is for: one of an earlier source if it has that name, with its domain or without, or one of this name."""
        known = list(self.inventory.hosts)
        short = {name: only for name, only in _by_short_name(known).items() if only}
        wanted = list(names)
        alone = {only for only in _by_short_name(wanted).values() if only}
        return {name: name if name in self.inventory.hosts or name not in alone else short.get(_short(name), name) for name in wanted}

    def add(self, name: str, variables: Mapping[str, t.Any], groups: Iterable[str]) -> None:
        """Add a host with variables and groups, and what the options compose of them."""
        host = self.inventory.add_host(name)
        for key, value in variables.items():
            self.inventory.set_variable(host, key, value)
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(group), host)
        strict = self.get_option("strict")
        known = combine_vars(self.inventory.get_host(host).get_vars(), variables)
        self._set_composite_vars(self.get_option("compose"), known, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host, strict=strict)


def _short(name: str) -> str:
    return name.split(".", 1)[0]


def _by_short_name(names: Iterable[str]) -> dict[str, str]:
    """Return the names by their first part; an empty text for a part that several share."""
    found: dict[str, str] = {}
    for name in names:
        found[_short(name)] = "" if _short(name) in found else name
    return found


def host_name(value: object) -> str:
    """Return a name that a host can have for a serial number or the like, or an empty text."""
    name = _NO_HOST_NAME.sub("-", str(value if value is not None else "").strip()).strip("-.")
    return "" if name.lower() in _RESERVED or name.lower().startswith("localhost.") else name


def group_name(*parts: object) -> str:
    """Return a group's name: ``redfish_gpu_nvidia_h100_pcie`` for ``redfish``, ``gpu``, ``NVIDIA H100 PCIe``."""
    return "_".join(re.sub(r"[^a-z0-9]+", "_", str(part).lower()).strip("_") for part in parts)


def now() -> str:
    """Return the time, in UTC: ``2026-03-01T14:25:01Z``."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def some(sentences: Sequence[str]) -> str:
    """Return the first few sentences, and how many there are more."""
    more = len(sentences) - _NAMED
    return " ".join(sentences[:_NAMED]) + (f" And {more} more." if more > 0 else "")
