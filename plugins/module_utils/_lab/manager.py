# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""A lab on this machine: what there is of it, and the steps that bring it where it should be."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
import typing as t
from secrets import token_urlsafe

from ..core import secrets
from ..core.errors import CoreError
from ..core.lab import fabric as fabric_model
from ..core.lab import machine, network, seed
from ..core.lab.spec import LabNode, LabSpec, spec_from_dict
from . import host, snapshots
from .bmc_service import PROGRAM, BmcService
from .fabric import FabricService

if t.TYPE_CHECKING:
    from collections.abc import Sequence

# What the role has written for all labs, and where each lab has its own copy of it.
PROGRAMS = {"simulator.pyz": "share", "infiniband": "share", PROGRAM: "bmc"}
BOOT_TIMEOUT_S = 90
STOP_TIMEOUT_S = 30
# Secrets of a lab are thrown away with it: plain files that only root reads.
SSH_OPTIONS = ("StrictHostKeyChecking yes", "PasswordAuthentication no", "LogLevel ERROR")


def lock_path(name: str) -> str:
    """What is locked while a lab is being changed."""
    return f"{host.STATE_DIR}/labs/{name}.lock"


def load(name: str) -> Lab:
    """The lab of that name as it was last brought up. Raises ``CoreError`` if there is none."""
    saved = host.read_json(f"{host.STATE_DIR}/labs/{name}/lab.json")
    if saved is None:
        others = host.lab_names()
        raise CoreError(f"There is no lab {name!r} on this machine.", hint=f"Labs here: {', '.join(others)}." if others else "'railyard lab up' makes one.")
    return Lab(spec_from_dict(saved["spec"]), saved["image"], saved.get("services", ""), saved["sources"])


class Lab:
    """One lab. ``image`` and ``services`` are folders of root trees (``image.py``), ``sources`` the nodes' sources.list."""

    def __init__(self, spec: LabSpec, image: str, services: str, sources: str) -> None:
        self.spec = spec
        self.image = image
        self.services = services
        self.sources = sources
        self.folder = f"{host.STATE_DIR}/labs/{spec.name}"
        self.fabric = FabricService(spec, f"{self.folder}/infiniband", services)
        self.bmcs = BmcService(spec, f"{self.folder}/bmc")

    # What there is

    def node_folder(self, node: LabNode) -> str:
        return f"{self.folder}/nodes/{node.name}"

    def runner_pid(self, node: LabNode) -> int:
        """Process id of the script that keeps the node going; 0 when the node is off."""
        try:
            with open(f"{self.node_folder(node)}/pid", encoding="utf-8") as file:
                pid = int(file.read())
        except (OSError, ValueError):
            return 0
        return pid if host.alive(pid, f"{self.node_folder(node)}/run") else 0

    def init_pid(self, node: LabNode) -> int:
        """Process id, on this machine, of the node's own init; 0 when it has none now."""
        for nspawn in host.children(self.runner_pid(node)):
            for init in host.children(nspawn):
                return init
        return 0

    def faults(self) -> dict[str, t.Any]:
        """What is broken, by the names of ``core/lab/targets.py``: ``{"node1:data0": {"down": true}, "leaf1:spine": {"gbits_per_s": 0.2}}``."""
        return dict(host.read_json(f"{self.folder}/faults.json") or {})

    def status(self) -> list[dict[str, t.Any]]:
        faults, rows = self.faults(), []
        for node in self.spec.nodes:
            bmc = self.bmcs.state(node, faults)
            address, pid = self.spec.management_address(node), self.runner_pid(node)
            link = network.node_link(self.spec, node)
            fault = faults.get(link.name, {})
            state = "off" if not pid else "up" if host.port_answers(address, 22) else "booting"
            rows.append(
                {
                    "name": node.name,
                    "state": state,
                    "address": address,
                    "data_address": self.spec.data_address(node),
                    "leaf": node.leaf,
                    "hardware_class": node.hardware_class,
                    "link": "down" if fault.get("down") else f"{fault.get('gbits_per_s', link.gbits_per_s):g} Gbit/s",
                    "bmc": bmc,
                    "faulty": bool(fault) or state == "off" or bmc == "down",
                }
            )
        return rows

    def cables(self) -> list[dict[str, t.Any]]:
        """Every cable of the InfiniBand fabric, as it is now."""
        now = fabric_model.condition(self.fabric.fabric, self.faults(), self.off())
        rows = []
        for cable in self.fabric.fabric.cables:
            state = "down" if cable.name in now.down else str(now.ratings.get(cable.name, cable.rating))
            errors = now.symbol_errors.get(cable.name, 0)
            rows.append(
                {"name": cable.name, "state": f"{state}, {errors} symbol errors" if errors else state, "faulty": state != str(cable.rating) or bool(errors)}
            )
        return rows

    def off(self) -> list[str]:
        """Names of the nodes without power."""
        return [node.name for node in self.spec.nodes if not self.runner_pid(node)]

    # Steps

    def save(self) -> None:
        host.write_whole(f"{self.folder}/lab.json", json.dumps(self._saved(), indent=2, sort_keys=True) + "\n")

    def require(self) -> None:
        """Raise one sentence if the lab can't be: before anything of it is written."""
        for name in host.lab_names():
            other = load(name).spec if name != self.spec.name else None
            if other and other.index == self.spec.index:
                raise CoreError(
                    f"the labs {name!r} and {self.spec.name!r} share the index {self.spec.index}.",
                    where="lab_index",
                    hint=f"Set lab_index of {self.spec.name!r}.",
                )
        self.bmcs.require()

    def require_up(self) -> None:
        """Raise one sentence if there is no network to break: the lab is down."""
        if network.management_bridge(self.spec) not in _interfaces():
            raise CoreError(f"the lab {self.spec.name!r} is down.", hint="'railyard lab up' brings it up.")

    def prepare(self) -> bool:
        """Make the lab's folder, programs, keys and secrets where they are missing."""
        for name in ("", "/ssh", "/secrets", "/nodes", "/layers", "/infiniband", "/fabric", "/bmc", "/share"):
            os.makedirs(f"{self.folder}{name}", mode=0o755 if name == "/share" else 0o700, exist_ok=True)
        changed = False
        for name, place in PROGRAMS.items():
            changed = host.copy_whole(f"{host.STATE_DIR}/programs/{name}", f"{self.folder}/{place}/{name}", 0o755) or changed
        if not os.path.exists(f"{self.folder}/secrets/bmc_password"):
            host.write_whole(f"{self.folder}/secrets/bmc_password", token_urlsafe(24), 0o600)
        for kind in secrets.KINDS:
            path = f"{self.folder}/secrets/{kind[len('secret_') :]}"
            if not os.path.exists(path):
                host.write_whole(path, secrets.generate(kind, os.urandom), 0o600)
                changed = True
        for name in ("id_ed25519", *(node.name for node in self.spec.nodes)):
            path = f"{self.folder}/ssh/{name}"
            if not os.path.exists(f"{path}.pub"):
                if os.path.exists(path):
                    os.unlink(path)
                host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"railyard-lab-{self.spec.name}", "-f", path])
                changed = True
        known = "".join(f"{node.name},{self.spec.management_address(node)} {self._read(f'ssh/{node.name}.pub')}" for node in self.spec.nodes)
        options = "".join(
            f"  {option}\n"
            for option in (
                *SSH_OPTIONS,
                f"UserKnownHostsFile {self.folder}/ssh/known_hosts",
                f"IdentityFile {self.folder}/ssh/id_ed25519",
                "IdentitiesOnly yes",
                "User root",
            )
        )
        blocks = "".join(f"Host {node.name}\n  HostName {self.spec.management_address(node)}\n" for node in self.spec.nodes)
        host.write_whole(f"{self.folder}/ssh/known_hosts", known, 0o600)
        host.write_whole(f"{self.folder}/ssh_config", f"{blocks}Host *\n{options}", 0o600)
        return changed

    def _read(self, name: str) -> str:
        return host.read(f"{self.folder}/{name}")

    def connect(self) -> bool:
        """Make the bridges, links and addresses that are missing, each shaped as declared or as a fault says."""
        present, namespaces = _interfaces(), _namespaces()
        lines = network.build_commands(self.spec, present, namespaces)
        if not lines:
            return False
        host.run(["ip", "-batch", "-"], stdin="\n".join(lines) + "\n", what="Making the lab's network")
        for node in self.spec.nodes:
            commands = "\n".join(network.namespace_commands(self.spec, node)) + "\n"
            host.run(["ip", "-netns", self.spec.namespace(node), "-batch", "-"], stdin=commands, what=f"Addressing {node.name}")
        self.shape(network.links(self.spec))
        return True

    def link_up(self, off: list[str] | None = None) -> bool:
        """Bring the fabric's cables and the BMCs' addresses into the state that faults and power leave them. Whether anything was done.

        ``off`` are the nodes without power; those that do not run, unless they are about to be started.
        """
        self.bmcs.connect(self.faults())
        for node in self.spec.nodes:
            if host.mounted(f"{self.node_folder(node)}/root"):
                self.show_ports(node)
        return self.fabric.apply(self.faults(), self.off() if off is None else off)

    def show_ports(self, node: LabNode) -> None:
        """Let the node's simulated hardware say of its InfiniBand ports what the cables' faults make of them."""
        now = fabric_model.condition(self.fabric.fabric, self.faults(), ())
        for path, content in fabric_model.port_attributes(self.spec, self.fabric.fabric, node, now).items():
            target = f"{self.node_folder(node)}/root{path}"
            if os.path.exists(target) and host.read(target) != content:
                host.write_whole(target, content)

    def shape(self, links: Sequence[network.Link]) -> None:
        """Give links the rate and state that the lab's faults leave them."""
        faults = self.faults()
        for link in links:
            fault = faults.get(link.name, {})
            rate = float(fault.get("gbits_per_s", link.gbits_per_s))
            inside = ["-netns", link.far_namespace] if link.far_namespace else []
            host.run(["tc", "-batch", "-"], stdin=network.shape_command(link.near, rate) + "\n")
            host.run(["tc", *inside, "-batch", "-"], stdin=network.shape_command(link.far, rate) + "\n")
            host.run(["ip", "link", "set", link.near, "down" if fault.get("down") else "up"])
            for node in self.spec.nodes:
                if node.name == link.name.split(":", 1)[0]:
                    # Without power, nothing answers on any network, not even with a refusal.
                    host.run(["ip", "link", "set", network.management_port(self.spec, node), "down" if fault.get("power_lost") else "up"])

    def chain(self, node: LabNode) -> list[str]:
        """The node's layers above the image, from the lowest up."""
        return list(host.read_json(f"{self.node_folder(node)}/chain.json") or [])

    def mount(self, node: LabNode) -> None:
        """Mount the node's root; a blank node is given its identity first."""
        folder = self.node_folder(node)
        if host.mounted(f"{folder}/root"):
            return
        for name in ("upper", "work", "root"):
            os.makedirs(f"{folder}/{name}", mode=0o755, exist_ok=True)
        shutil.rmtree(f"{folder}/work/work", ignore_errors=True)
        lower = [f"{self.folder}/layers/{layer}/{node.name}" for layer in reversed(self.chain(node))] + [self.image]
        options = machine.overlay_options(lower, f"{folder}/upper", f"{folder}/work")
        host.run(
            ["mount", "-t", "overlay", f"railyard-{self.spec.name}-{node.name}", "-o", options, f"{folder}/root"], what=f"Mounting the root of {node.name}"
        )
        self.plant(node)

    def plant(self, node: LabNode) -> None:
        """Write the node's seed into its root, skipping what is there already."""
        hardware = self.spec.hardware.get(node.hardware_class, {})
        files = seed.seed_files(
            self.spec,
            node,
            authorized_key=self._read("ssh/id_ed25519.pub"),
            host_key=self._read(f"ssh/{node.name}"),
            host_key_public=self._read(f"ssh/{node.name}.pub"),
            apt_sources=self.sources,
            cgroup_v1=host.is_mixed_cgroup_host(),
            hardware=hardware,
            fabric=self.fabric.fabric,
        )
        root = f"{self.node_folder(node)}/root"
        if os.path.exists(f"{root}{seed.MARK}"):
            return
        for file in files:
            path = f"{root}{file.path}"
            os.makedirs(os.path.dirname(path), mode=0o700 if file.path.startswith("/root/") else 0o755, exist_ok=True)
            if os.path.islink(path):
                os.unlink(path)
            if file.link:
                os.symlink(file.link, path)
                continue
            with open(path, "wb") as out:
                os.fchmod(out.fileno(), file.mode)
                out.write(file.content if isinstance(file.content, bytes) else file.content.encode())

    def start(self, nodes: Sequence[LabNode], *, wait: bool = True) -> list[str]:
        """Boot the nodes that are off, all at once, and wait until each answers. Returns their names."""
        started = [node for node in nodes if not self.runner_pid(node)]
        systemd = host.is_systemd_host()
        hierarchies = (
            [] if systemd or not host.is_mixed_cgroup_host() else [name for name in machine.MIXED_HIERARCHIES if os.path.isdir(f"{machine.CGROUP_ROOT}/{name}")]
        )
        for node in started:
            self.mount(node)
            self.show_ports(node)
            folder = self.node_folder(node)
            script = machine.launch_script(
                self.spec,
                node,
                root=f"{folder}/root",
                share=f"{self.folder}/share",
                pid_file=f"{folder}/pid",
                console=f"{folder}/console.log",
                hierarchies=hierarchies,
            )
            host.write_whole(f"{folder}/run", script, 0o700)
            if systemd:
                unit = f"railyard-lab-{self.spec.name}-{node.name}"
                host.run(["systemd-run", "--quiet", "--collect", f"--unit={unit}", "--property=Delegate=yes", "--property=KillMode=mixed", f"{folder}/run"])
            else:
                host.detach([f"{folder}/run"], f"{folder}/run.log")
        self._await_power(started)
        self._await_ssh(started if wait else [])
        return [node.name for node in started]

    def _await_power(self, nodes: Sequence[LabNode]) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while dark := [node.name for node in nodes if not self.runner_pid(node)]:
            if time.monotonic() > deadline:
                raise CoreError(f"{', '.join(dark)} did not start.", hint=f"What was said: {self.folder}/nodes/{dark[0]}/run.log.")
            time.sleep(0.01)

    def _await_ssh(self, nodes: Sequence[LabNode]) -> None:
        waiting, deadline = list(nodes), time.monotonic() + BOOT_TIMEOUT_S
        while waiting:
            waiting = [node for node in waiting if not host.port_answers(self.spec.management_address(node), 22)]
            if waiting and time.monotonic() > deadline:
                logs = ", ".join(f"{self.node_folder(node)}/console.log" for node in waiting)
                raise CoreError(
                    f"{', '.join(node.name for node in waiting)} did not answer within {BOOT_TIMEOUT_S} s of starting.", hint=f"What they said: {logs}."
                )
            time.sleep(0.1 if waiting else 0)

    def stop(self, nodes: Sequence[LabNode], *, power_loss: bool = False) -> list[str]:
        """Shut nodes down, or take their power; wait until they are gone and unmount their roots."""
        running = [(node, self.runner_pid(node)) for node in nodes if self.runner_pid(node)]
        for node, _pid in running:
            init = self.init_pid(node)
            if init:
                os.kill(init, signal.SIGKILL if power_loss else signal.SIGRTMIN + 4)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for node, pid in running:
            if not host.wait_gone(pid, max(0.1, deadline - time.monotonic())):
                init = self.init_pid(node)
                if init:
                    os.kill(init, signal.SIGKILL)
                if not host.wait_gone(pid, 5):
                    raise CoreError(f"{node.name} does not stop.", where=f"process {pid}")
        for node in nodes:
            if host.mounted(f"{self.node_folder(node)}/root"):
                host.run(["umount", f"{self.node_folder(node)}/root"], what=f"Unmounting the root of {node.name}")
        return [node.name for node, _pid in running]

    def discover(self) -> None:
        """Keep how the fabric was when it was first seen, as a site does: what is failed in it later moves no job."""
        path = f"{self.folder}/fabric/ibnetdiscover.txt"
        if self.fabric.fabric.cables and not os.path.exists(path):
            host.write_whole(path, self.fabric.discover(self.image))

    def power(self, node: LabNode, stop: str, start: str) -> None:
        """Do what a power button does: stop the node (``cut`` takes its power, ``shut down`` asks it), start it. It is not waited for."""
        if stop:
            self.stop([node], power_loss=stop == "cut")
        if start:
            link = network.node_link(self.spec, node)
            if self.faults().get(link.name, {}).get("power_lost"):
                self.set_fault(link.name, {})
                self.shape([link])
            self.start([node], wait=False)
        self.link_up()

    def up(self) -> list[str]:
        """Bring the whole lab up. Returns what was done, empty when all stood already."""
        self.require()
        done = ["keys and programs"] if self.prepare() else []
        if host.read_json(f"{self.folder}/lab.json") != json.loads(json.dumps(self._saved())):
            self.save()
            done.append("description")
        if self.connect():
            done.append("network")
        snapshots.recover(self)
        without_power = {link.split(":", 1)[0] for link, fault in self.faults().items() if fault.get("power_lost")}
        wanted = [node for node in self.spec.nodes if node.name not in without_power]
        if self.link_up(off=sorted(without_power)):
            done.append("fabric")
        if self.bmcs.start():
            done.append("BMCs")
        started = self.start(wanted)
        self.fabric.wait()
        self.bmcs.wait()
        self.discover()
        return done + started

    def _saved(self) -> dict[str, t.Any]:
        cgroup = "v1" if host.is_mixed_cgroup_host() else "v2"
        return {"spec": self.spec.to_dict(), "image": self.image, "services": self.services, "sources": self.sources, "cgroup": cgroup}

    def down(self, *, purge: bool) -> list[str]:
        """Shut the lab down and take its network away; ``purge`` forgets the nodes, keys and snapshots too."""
        done = ["BMCs"] if self.bmcs.stop() else []
        done += ["fabric"] if self.fabric.stop() else []
        done += self.stop(self.spec.nodes)
        self.bmcs.disconnect()
        lines = network.remove_commands(self.spec, _interfaces(), _namespaces())
        if lines:
            host.run(["ip", "-batch", "-"], stdin="\n".join(lines) + "\n", what="Removing the lab's network")
            done.append("network")
        for node in self.spec.nodes:
            for path in machine.cgroup_folders(self.spec, node, machine.MIXED_HIERARCHIES):
                _remove_groups(path)
        for name in machine.MIXED_HIERARCHIES:
            # The lab's own group, and with the last lab the one of all of them.
            for path in (f"{machine.CGROUP_ROOT}/{name}/railyard/{self.spec.name}", f"{machine.CGROUP_ROOT}/{name}/railyard"):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
        if purge:
            shutil.rmtree(self.folder)
            done.append("state")
        return done

    def set_fault(self, name: str, fault: dict[str, t.Any]) -> None:
        """Keep the fault of a target, or forget that it had one."""
        faults = {known: value for known, value in {**self.faults(), name: fault}.items() if value}
        host.write_whole(f"{self.folder}/faults.json", json.dumps(faults, indent=2, sort_keys=True) + "\n")


def _interfaces() -> list[str]:
    return [entry["ifname"] for entry in json.loads(host.run(["ip", "-json", "link", "show"]))]


def _namespaces() -> list[str]:
    return [line.split()[0] for line in host.run(["ip", "netns", "list"]).splitlines() if line.strip()]


def _remove_groups(path: str) -> None:
    """Remove a node's control groups, the innermost first; what still holds processes stays."""
    for folder, _folders, _files in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
