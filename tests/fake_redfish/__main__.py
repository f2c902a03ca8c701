# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Serve many invented services in one process: ``python -m fake_redfish``, for the benchmark.

Standard input has one line of JSON: services (address to kind and number), port, delay, and certificates (PEM file with its key to addresses).
Prints ``ready``, and when standard input ends the number of requests by address.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import sys
import typing as t
from collections.abc import AsyncIterator

from fake_redfish.machines import machine
from fake_redfish.server import Answer, Service, answer, error, listen


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(1)


NONSENSE: tuple[Answer, ...] = (
    answer(b"<html><body>Log in</body></html>", kind="text/html"),
    answer(random.Random(1).randbytes(5000), kind="application/octet-stream"),
    answer(b" " * 3_000_000),
    answer(b'{"@odata.id": "/redfish/v1/", '),
    answer(b"[" * 50_000),
    answer(b"", "302 Found", Location="https://192.0.2.1/redfish/v1/"),
    error("500 Internal Server Error"),
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    _drip,
    answer(json.dumps({"@odata.id": "/redfish/v1/", "RedfishVersion": "1.6.0", "Systems": {"@odata.id": "https://192.0.2.1/redfish/v1/Systems"}}).encode()),
)


def service(kind: str, number: int, delay: float) -> Service:
    """Return a machine of a kind, or for ``hang`` and ``nonsense`` a service of that sort."""
    if kind == "hang":
        return Service(hang=True)
    if kind == "nonsense":
        return Service(delay=delay, overrides={"/redfish/v1": NONSENSE[number % len(NONSENSE)]})
    return Service(machine(kind, number), delay=delay)


async def main() -> None:
    asked: dict[str, t.Any] = json.loads(sys.stdin.readline())
    services = {address: service(kind, number, asked["delay"]) for address, (kind, number) in asked["services"].items()}
    servers = []
    for certificate, addresses in asked["certificates"].items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        servers += await listen({address: services[address] for address in addresses}, asked["port"], context)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()
    print(json.dumps({address: len(found.requests) for address, found in services.items()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
