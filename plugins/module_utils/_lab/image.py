# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The lab's shared things on its host: base image, services' tree, package cache. They serve every lab of the machine."""

from __future__ import annotations

import glob
import hashlib
import os
import pwd
import shutil
import time
import typing as t
from concurrent import futures

from ..core.errors import CoreError
from ..core.lab.spec import CACHE_PORT
from . import host

if t.TYPE_CHECKING:
    from collections.abc import Sequence

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# What serves labs, in a tree of its own: the package cache, and the InfiniBand fabric's simulator and subnet manager.
SERVICE_PACKAGES = ("apt-cacher-ng", "ibsim-utils", "opensm")


def host_mirror() -> str:
    """The Debian archive that this machine's own apt uses."""
    form = "$(REPO_URI)"
    listing = host.run(["apt-get", "indextargets", "--format", form, "Created-By: Packages", "Origin: Debian", "Label: Debian"])
    mirrors = listing.split()
    if not mirrors:
        raise CoreError(
            "this machine's apt knows no Debian archive.",
            where="lab_mirror",
            hint="Run 'apt-get update', or set lab_mirror to the address of a Debian mirror.",
        )
    return mirrors[0].rstrip("/")


def node_sources(mirror: str, release: str, components: Sequence[str]) -> str:
    """sources.list of a node. An HTTPS mirror is fetched by the cache, which then can keep what it brings."""
    address = mirror.replace("https://", "http://HTTPS///", 1)
    return "".join(f"deb {address} {suite} {' '.join(components)}\n" for suite in (release, f"{release}-updates"))


def image_path(release: str, packages: Sequence[str], mirror: str, components: Sequence[str]) -> str:
    """Where the image of exactly this content lies."""
    digest = hashlib.sha256("\n".join([release, mirror, *components, *sorted(packages)]).encode()).hexdigest()[:12]
    return f"{host.STATE_DIR}/images/{release}-{digest}"


def build_all(wanted: Sequence[tuple[str, Sequence[str]]], release: str, mirror: str, components: Sequence[str]) -> None:
    """Make several root trees (folder and packages each) side by side."""
    with futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(build, path, release, packages, mirror, components) for path, packages in wanted]:
            done.result()


def build(path: str, release: str, packages: Sequence[str], mirror: str, components: Sequence[str]) -> bool:
    """Make a root tree from packages unless it is there. Returns whether it was made; a killed build leaves nothing that counts."""
    if os.path.isdir(path):
        return False
    with host.locked(f"{path}.lock"):
        if os.path.isdir(path):
            return False
        building = f"{path}.building"
        shutil.rmtree(building, ignore_errors=True)
        sources = "".join(f"deb [signed-by={KEYRING}] {mirror} {suite} {' '.join(components)}\n" for suite in (release, f"{release}-updates"))
        # The package lists stay: a node need not fetch and unpack them again.
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--skip=cleanup/apt/lists", '--aptopt=Acquire::Languages "none"']
        command += [f"--include={','.join(packages)}", '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*', release, building, "-"]
        host.run(command, stdin=sources, what=f"Building the {release} image", timeout_s=1800)
        os.replace(building, path)
    return True


def services_tree(release: str, mirror: str, components: Sequence[str]) -> str:
    return image_path(release, SERVICE_PACKAGES, mirror, components)


def cache_running() -> bool:
    pid = _cache_pid()
    return pid > 0 and host.alive(pid, "apt-cacher-ng")


def start_cache(tree: str, address: str) -> bool:
    """Run the package cache on an address of the loopback interface that only labs have a route to."""
    if cache_running():
        return False
    host.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"])
    store, config = f"{host.STATE_DIR}/cache/packages", f"{tree}/etc/apt-cacher-ng"
    target = f"{tree}/var/cache/apt-cacher-ng"
    for path in (store, target):
        os.makedirs(path, exist_ok=True)
    for name in glob.glob(f"{config}/*.conf"):
        os.unlink(name)
    lines = [
        "CacheDir: /var/cache/apt-cacher-ng",
        "LogDir: /var/log/apt-cacher-ng",
        f"Port: {CACHE_PORT}",
        f"BindAddress: {address}",
        "ForeGround: 1",
        "ExThreshold: 30",
        "VerboseLog: 0",
    ]
    host.write_whole(f"{config}/acng.conf", "\n".join(lines) + "\n")
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"):
        if os.path.exists(name):
            shutil.copy(name, f"{tree}{name}")
    if not host.mounted(target):
        host.run(["mount", "--bind", store, target])
    user, group = _user_in(tree, "apt-cacher-ng")
    for path in (store, f"{tree}/var/log/apt-cacher-ng"):
        os.makedirs(path, exist_ok=True)
        os.chown(path, user, group)
    pid_file = f"{host.STATE_DIR}/cache/pid"
    script = 'echo $$ > "$0"; exec chroot --userspec="$1" "$2" /usr/sbin/apt-cacher-ng -c /etc/apt-cacher-ng ForeGround=1'
    host.detach(["/bin/sh", "-c", script, pid_file, f"{user}:{group}", tree], f"{host.STATE_DIR}/cache/log")
    deadline = time.monotonic() + 20
    while not host.port_answers(address, CACHE_PORT):
        if time.monotonic() > deadline:
            raise CoreError("the package cache did not start.", where=f"{address}:{CACHE_PORT}", hint=f"Its log: {host.STATE_DIR}/cache/log.")
        time.sleep(0.05)
    return True


def stop_cache(address: str) -> bool:
    """End the package cache; what it has kept stays."""
    pid, was_running = _cache_pid(), cache_running()
    if was_running:
        os.kill(pid, 15)
        host.wait_gone(pid, 10)
    for target in glob.glob(f"{host.STATE_DIR}/images/*/var/cache/apt-cacher-ng"):
        if host.mounted(target):
            host.run(["umount", target])
    if address in host.run(["ip", "-oneline", "address", "show", "dev", "lo"]):
        host.run(["ip", "address", "delete", f"{address}/32", "dev", "lo"])
    return was_running


def _cache_pid() -> int:
    try:
        with open(f"{host.STATE_DIR}/cache/pid", encoding="utf-8") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _user_in(tree: str, name: str) -> tuple[int, int]:
    with open(f"{tree}/etc/passwd", encoding="utf-8") as passwd:
        for line in passwd:
            entry = pwd.struct_passwd(line.rstrip("\n").split(":"))
            if entry.pw_name == name:
                return int(entry.pw_uid), int(entry.pw_gid)
    raise CoreError(f"the image has no user {name!r}.", where=tree, hint="Remove the folder and run again.")
