# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The process that is all BMCs of a lab: sushy-tools' Redfish emulator over the lab's own machines.

Each BMC listens on an address of its own, with TLS and a password, and knows the machine that the address belongs to and no other.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import signal
import socket
import socketserver
import ssl
import sys
import threading
import typing as t

from ..core.errors import CoreError
from ..core.lab import bmc
from ..core.lab.spec import BMC_PORT
from . import certificates, host, manager

try:
    import flask
    from sushy_tools import error
    from sushy_tools.emulator import main as emulator
    from sushy_tools.emulator.resources.systems.base import AbstractSystemsDriver
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
except ImportError:
    # Asked for before this is started; whoever only checks the collection's files imports it without them.
    AbstractSystemsDriver = ThreadedWSGIServer = WSGIRequestHandler = object

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..core.lab.spec import LabNode

# For how long an action waits while somebody else changes the lab.
LOCK_TIMEOUT_S = 20
# A client that says nothing is forgotten.
IDLE_TIMEOUT_S = 30
_IP_FREEBIND = 15
_OPEN = ("", "/redfish", bmc.ROOT)


class LabDriver(AbstractSystemsDriver):
    """The machines of a lab as sushy-tools' systems: for each request, the one whose BMC was asked."""

    driver = "railyard lab"

    def __init__(self, lab: manager.Lab) -> None:
        self.lab = lab
        self._nodes = {lab.spec.bmc_address(node): node for node in lab.spec.nodes}
        self._boot: dict[str, str] = {}

    def asked(self) -> LabNode:
        return self._nodes[flask.request.environ["SERVER_NAME"]]

    def _node(self, identity: str) -> LabNode:
        node = self.asked()
        if identity != bmc.system_uuid(self.lab.spec, node):
            raise error.NotFound(f"This BMC has no system {identity!r}.")
        return node

    @property
    def systems(self) -> list[str]:
        return [bmc.system_uuid(self.lab.spec, self.asked())]

    def uuid(self, identity: str) -> str:
        return bmc.system_uuid(self.lab.spec, self._node(identity))

    def name(self, identity: str) -> str:
        return self._node(identity).name

    def get_power_state(self, identity: str) -> str:
        return "On" if self.lab.runner_pid(self._node(identity)) else "Off"

    def set_power_state(self, identity: str, state: str) -> None:
        node = self._node(identity)
        try:
            stop, start = bmc.reset_steps(state)
        except CoreError as refusal:
            raise error.BadRequest(str(refusal)) from refusal
        logging.warning("%s: %s", node.name, state)
        if stop == "shut down":
            # It takes as long as the machine's services take to end; a BMC does not wait for that.
            threading.Thread(target=self._power, args=(node, stop, start), daemon=True).start()
        elif problem := self._power(node, stop, start):
            raise error.FishyError(problem, code=503)

    def _power(self, node: LabNode, stop: str, start: str) -> str:
        """Do it; what went wrong, if anything."""
        try:
            with host.locked(manager.lock_path(self.lab.spec.name), timeout_s=LOCK_TIMEOUT_S):
                self.lab.power(node, stop, start)
        except CoreError as problem:
            logging.warning("%s: %s", node.name, problem)
            return str(problem)
        return ""

    def get_boot_device(self, identity: str) -> str:
        return self._boot.get(self._node(identity).name, "Hdd")

    def set_boot_device(self, identity: str, boot_source: str) -> None:
        self._boot[self._node(identity).name] = boot_source

    def get_total_memory(self, identity: str) -> int | None:
        return bmc.memory_gib(self.lab.spec, self._node(identity)) or None

    def get_total_cpus(self, identity: str) -> int:
        return sum(entry["threads"] for entry in self.get_processors(identity))

    def get_processors(self, identity: str) -> list[dict[str, t.Any]]:
        return bmc.processors(self.lab.spec, self._node(identity))

    def get_nics(self, identity: str) -> list[dict[str, str]]:
        return bmc.nics(self.lab.spec, self._node(identity))


class PasswordMiddleware:
    """Lets in who has the password, and everybody to the service's root, as Redfish wants it (DSP0266, 13.3)."""

    def __init__(self, app: Callable[..., Iterable[bytes]], user: str, password: str) -> None:
        self._app = app
        self._wanted = b"Basic " + base64.b64encode(f"{user}:{password}".encode())

    def __call__(self, environ: dict[str, t.Any], start_response: Callable[..., t.Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        if environ.get("PATH_INFO", "").rstrip("/") in _OPEN or hmac.compare_digest(given, self._wanted):
            return self._app(environ, start_response)
        body = json.dumps({"error": {"code": "Base.1.0.InsufficientPrivilege", "message": "Wrong user or password."}}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("WWW-Authenticate", 'Basic realm="BMC"')]
        start_response("401 Unauthorized", headers)
        return [body]


class Handler(WSGIRequestHandler):
    """One connection. It stays open for further requests, and the handshake is not another client's problem."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT_S

    def log_request(self, *_args: t.Any) -> None:
        """A sweep is no news."""


class Server(ThreadedWSGIServer):
    """One BMC. It may listen on an address that it does not have now: a dead one has lost it."""

    daemon_threads = True

    def __init__(self, address: str, app: t.Any, context: ssl.SSLContext) -> None:
        super().__init__(address, BMC_PORT, app, handler=Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.ssl_context = context

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        # Not HTTPServer's: it would ask DNS for a name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def make_app(lab: manager.Lab, password: str) -> t.Any:
    """sushy-tools' application over the machines of the lab."""
    driver = LabDriver(lab)
    emulator.Application.systems = driver
    app = emulator.app
    chassis = app.chassis.chassis[0]
    overlays = {node.name: bmc.overlay(lab.spec, node, chassis) for node in lab.spec.nodes}

    @app.after_request
    def lay_over(response: flask.Response) -> flask.Response:
        over = overlays[driver.asked().name].get(flask.request.path.rstrip("/"))
        if over and flask.request.method == "GET" and response.status_code == 200:
            response.set_data(json.dumps(bmc.laid_over(json.loads(response.get_data()), over)))
        return response

    app.wsgi_app = PasswordMiddleware(app.wsgi_app, bmc.USER, password)
    return app


def certify(lab: manager.Lab) -> None:
    """Make the certificates where they are missing; both files, or neither counts."""
    folder = lab.bmcs.folder
    if not os.path.exists(f"{folder}/ca.pem"):
        authority, certificate = certificates.make(lab.spec.name, {f"bmc-{node.name}": lab.spec.bmc_address(node) for node in lab.spec.nodes})
        host.write_whole(f"{folder}/bmcs.pem", certificate, 0o600)
        host.write_whole(f"{folder}/ca.pem", authority)


def main(_version: str) -> int:
    lab = manager.load(sys.argv[1])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    with open(f"{lab.folder}/secrets/bmc_password", encoding="utf-8") as file:
        app = make_app(lab, file.read())
    certify(lab)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{lab.bmcs.folder}/bmcs.pem")
    servers = [Server(lab.spec.bmc_address(node), app, context) for node in lab.spec.nodes]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
    host.write_whole(f"{lab.bmcs.folder}/ready", f"{os.getpid()}\n")
    while True:
        signal.pause()
