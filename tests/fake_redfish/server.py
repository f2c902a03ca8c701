# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redfish services on loopback, many in one event loop: each is an address and a port of its own, with resources, a delay and, if need be, bad manners."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import ssl
import threading
import typing as t
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Chunks = Callable[[], AsyncIterator[bytes]]
Answer = bytes | Chunks


def answer(body: bytes, status: str = "200 OK", *, kind: str = "application/json", **headers: str) -> bytes:
    """Return an HTTP answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def error(status: str) -> bytes:
    return answer(json.dumps({"error": {"code": "Base.1.0.GeneralError", "message": status}}).encode(), status)


@dataclass
class Service:
    """One BMC. ``overrides`` are answers by path that stand before everything else: bytes, or a function that yields them piece by piece."""

    resources: Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)
    username: str = "admin"
    password: str = "secret"
    delay: float = 0.0
    overrides: Mapping[str, Answer] = field(default_factory=dict)
    hang: bool = False
    """Whether connections are taken and nothing is ever answered."""
    basic: bool = True
    """Whether Basic authentication is accepted beside sessions."""
    compress: bool = False
    requests: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    connections: int = 0
    _bodies: dict[str, bytes] = field(default_factory=dict)

    def reply(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        path, _mark, query = target.partition("?")
        path = path.rstrip("/")
        self.requests.append(f"{method} {target}")
        if target in self.overrides or path in self.overrides:
            return self.overrides.get(target) or self.overrides[path]
        if method == "POST" and path == "/redfish/v1/SessionService/Sessions":
            return self._log_in(body)
        if path != "/redfish/v1" and not self._authorised(headers):
            return error("401 Unauthorized")
        if method == "DELETE":
            self.sessions.discard(path)
            return answer(b"", "204 No Content")
        return self._resource(path, query)

    def _resource(self, path: str, query: str) -> bytes:
        key = f"{path}?{query}"
        if key not in self._bodies:
            resource = self.resources.get(path)
            if resource is None:
                return error("404 Not Found")
            if query.startswith("$expand") and isinstance(resource.get("Members"), list):
                members = [self.resources.get(member["@odata.id"].rstrip("/"), member) for member in resource["Members"]]
                resource = {**resource, "Members": members}
            content = json.dumps(resource).encode()
            self._bodies[key] = answer(gzip.compress(content), Content_Encoding="gzip") if self.compress else answer(content)
        return self._bodies[key]

    def _authorised(self, headers: Mapping[str, str]) -> bool:
        expected = "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return (self.basic and headers.get("authorization") == expected) or headers.get("x-auth-token", "") in {f"token-{name}" for name in self.sessions}

    def _log_in(self, body: bytes) -> bytes:
        asked = json.loads(body)
        if (asked.get("UserName"), asked.get("Password")) != (self.username, self.password):
            return error("401 Unauthorized")
        name = f"/redfish/v1/SessionService/Sessions/{len(self.requests)}"
        self.sessions.add(name)
        return answer(b"{}", "201 Created", X_Auth_Token=f"token-{name}", Location=name)


class _Connection(asyncio.Protocol):
    """A connection to one service: requests one after the other, as HTTP/1.1 has them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._streams: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast(asyncio.Transport, transport)
        self._service.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        for stream in self._streams:
            stream.cancel()

    def data_received(self, data: bytes) -> None:
        if self._service.hang:
            return
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._received = rest[length:]
        method, target, _version = first.split(" ")
        reply = self._service.reply(method, target, headers, rest[:length])
        loop = asyncio.get_running_loop()
        if isinstance(reply, bytes):
            loop.call_later(self._service.delay, self._write, reply)
        else:
            stream = loop.create_task(self._stream(reply))
            self._streams.add(stream)
            stream.add_done_callback(self._streams.discard)

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    async def _stream(self, chunks: Chunks) -> None:
        async for chunk in chunks():
            self._write(chunk)
            await asyncio.sleep(0)
            while self._transport and self._transport.get_write_buffer_size() > 1_000_000:
                await asyncio.sleep(0.01)
        if self._transport:
            self._transport.close()


async def listen(services: Mapping[str, Service], port: int, context: ssl.SSLContext | None) -> list[asyncio.Server]:
    """Listen for services by loopback address. Port 0 chooses one for each."""
    loop = asyncio.get_running_loop()
    servers = []
    for address, service in services.items():
        servers.append(await loop.create_server(lambda service=service: _Connection(service), address, port, ssl=context, backlog=16))
    return servers


@contextlib.contextmanager
def running(services: Sequence[Service], context: ssl.SSLContext | None, addresses: Sequence[str] = ()) -> Iterator[list[str]]:
    """Run services in a thread; yields ``address:port`` of each, in order. Without addresses all are at 127.0.0.1, at different ports."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> list[asyncio.Server]:
        found = []
        for index, service in enumerate(services):
            found += await listen({addresses[index] if addresses else "127.0.0.1": service}, 0, context)
        return found

    servers = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield ["{}:{}".format(*server.sockets[0].getsockname()[:2]) for server in servers]
    finally:

        async def stop() -> None:
            for server in servers:
                server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
