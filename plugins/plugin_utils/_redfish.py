# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""Ask many BMCs what they are, at once; one that is slow, broken or hostile costs neither the others nor the sweep.

What to ask for is decided by ``core.redfish.walk``, and what the answers mean by ``core.redfish.service``. Here are the bounds: on the time of a
request and of a BMC, on the size of an answer and of all, on the number of requests; no link and no redirect leads to another host; a user
name and a password are only told to what has answered as a Redfish service.

Of the HTTP clients that were measured (32 requests to each of 400 services, 200 at a time) aiohttp is the one whose deadlines hold for a server
that sends a byte at a time, at a quarter of httpx's processor time.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import time
import typing as t
import urllib.parse
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.machines import machines
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.places import root_of, systems_of
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.service import describe
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.tree import Tree, address_of, part, spelled, type_of
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.walk import expand_query, wanted

try:
    import aiohttp
    import yarl
except ImportError:
    MISSING = ("aiohttp",)
else:
    MISSING = ()

# The largest answers of real services are lists of devices with their members written out, of some hundred KiB.
MOST_BYTES_OF_AN_ANSWER = 2**20
MOST_BYTES_OF_A_BMC = 2**23
MOST_REQUESTS = 400
MOST_REDIRECTS = 3
LONGEST_PAUSE = 5.0
# Seconds for the service root, which costs a service nothing: one that takes longer is not up, and is not worth a whole timeout.
LONGEST_START = 10.0
# Connections at a time, while it is found out where something listens. Many systems allow a process 1024 open files.
KNOCKS = 500
# Not worth a warning: services link to parts that they do not have.
_NOT_FOUND = "HTTP status 404."
_CHUNK = 2**16
_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (429, 503)


@dataclass(frozen=True)
class Limits:
    """Of a sweep: BMCs at a time, and seconds for a connection, a request, and all of a BMC."""

    parallel: int = 150
    connect_timeout: float = 5
    timeout: float = 30
    deadline: float = 180


@dataclass(frozen=True)
class Bmc:
    """A BMC and how to be let in. ``tls`` is ``None`` for plain HTTP; ``auth`` is ``basic`` or ``session``.

    ``perhaps``: it is an address of a network, where there may be nothing at all.
    """

    host: str
    port: int
    username: str = field(repr=False)
    password: str = field(repr=False)
    auth: str = "basic"
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    perhaps: bool = False

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(frozen=True)
class Visit:
    """What came of asking one BMC: its machines as JSON values, or the reason why there are none."""

    bmc: Bmc
    machines: tuple[dict[str, t.Any], ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""
    silent: bool = False
    """Nothing listens there."""
    requests: int = 0
    seconds: float = 0.0


class StoppedError(Exception):
    """There is no point in asking this BMC for more; the text says why, and is shown."""


class NotGivenError(Exception):
    """One resource could not be had; the text says why."""


def sweep(bmcs: Iterable[Bmc], limits: Limits, seen: Callable[[Visit], None] = lambda _visit: None) -> list[Visit]:
    """Ask all BMCs, ``limits.parallel`` at a time, and return the visits in the order of the BMCs. ``seen`` is told each when it ends."""
    return asyncio.run(_sweep(list(bmcs), limits, seen))


async def _sweep(bmcs: list[Bmc], limits: Limits, seen: Callable[[Visit], None]) -> list[Visit]:
    visits: dict[int, Visit] = {}

    async def knock(waiting: Iterable[tuple[int, Bmc]]) -> None:
        for index, bmc in waiting:
            reason = await _knocked(bmc, limits)
            if reason:
                visits[index] = Visit(bmc, error=reason, silent=True)

    async def ask(waiting: Iterable[tuple[int, Bmc]]) -> None:
        for index, bmc in waiting:
            visits[index] = await visit(bmc, limits)
            seen(visits[index])

    perhaps = iter([(index, bmc) for index, bmc in enumerate(bmcs) if bmc.perhaps])
    await asyncio.gather(*(knock(perhaps) for _worker in range(KNOCKS)))
    there = iter([(index, bmc) for index, bmc in enumerate(bmcs) if index not in visits])
    await asyncio.gather(*(ask(there) for _worker in range(min(limits.parallel, len(bmcs)))))
    return [visits[index] for index in range(len(bmcs))]


async def _knocked(bmc: Bmc, limits: Limits) -> str:
    """Return why nothing listens at an address, or an empty text."""
    try:
        async with asyncio.timeout(limits.connect_timeout):
            _reader, writer = await asyncio.open_connection(bmc.host, bmc.port)
    except TimeoutError:
        return f"No connection within {limits.connect_timeout:g} s."
    except OSError as error:
        return f"No connection: {_reason(error)}."
    writer.transport.abort()
    return ""


async def visit(bmc: Bmc, limits: Limits) -> Visit:
    """Ask one BMC. Whatever it does, the visit says what came of it."""
    start = time.monotonic()
    crawl = _Crawl(bmc, limits)
    trouble = ""
    try:
        async with asyncio.timeout(limits.deadline):
            await crawl.run()
    except TimeoutError:
        trouble = f"It was not done within {limits.deadline:g} s."
    except StoppedError as reason:
        trouble = str(reason)
    except Exception as error:  # What one BMC answers must not cost the others, whatever it is.
        trouble = f"Its answers could not be made sense of: {type(error).__name__}: {error}"
    finally:
        await crawl.close()
    told = Visit(bmc, requests=crawl.requests, seconds=time.monotonic() - start)
    if not systems_of(crawl.tree):
        return replace(told, error=_shown(trouble or crawl.why_no_system()))
    warnings = [f"{address}: {reason}" for address, reason in crawl.tree.failed.items() if reason != _NOT_FOUND]
    if trouble:
        warnings.insert(0, f"Not all was read. {trouble}")
    complete = not trouble and not wanted(crawl.tree, essential=True)
    found = tuple({**machine, "complete": complete} for machine in machines(describe(crawl.tree)))
    return replace(told, machines=found, warnings=tuple(map(_shown, warnings)))


class _Crawl:
    """One BMC's resources, asked for one after the other over one connection."""

    def __init__(self, bmc: Bmc, limits: Limits) -> None:
        self.tree = Tree()
        self.requests = 0
        self._bytes = 0
        self._expands = True
        self._bmc, self._limits = bmc, limits
        self._headers: dict[str, str] = {}
        self._session = ""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, ssl=bmc.tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept": "application/json", "OData-Version": "4.0", "Accept-Encoding": "gzip"},
        )

    async def run(self) -> None:
        """Ask until nothing is wanted any more."""
        await self._take("/redfish/v1/", "")
        root = root_of(self.tree) or {}
        if type_of(root) != "ServiceRoot" and "RedfishVersion" not in root:
            raise StoppedError(f"It answers, but not as a Redfish service: {self.tree.failed.get('/redfish/v1', 'it has another root.')}")
        await self._log_in(spelled(part(root, "Links", "Sessions")) or "/redfish/v1/SessionService/Sessions")
        while round_ := wanted(self.tree):
            for want in round_:
                if not self.tree.known(want.address):
                    await self._take(want.address, expand_query(self.tree) if want.expand and self._expands else "")

    async def close(self) -> None:
        """End the session that was begun, and the connection."""
        try:
            if self._session:
                async with asyncio.timeout(self._limits.connect_timeout):
                    await self._request("DELETE", self._session)
        except (NotGivenError, StoppedError, TimeoutError):
            pass  # It ends by itself when it has not been used for a while.
        finally:
            await self._http.close()

    def why_no_system(self) -> str:
        """Return why there is no system among the answers."""
        failed = [f"{address}: {reason}" for address, reason in self.tree.failed.items() if "/systems" in address]
        return f"Its systems can't be read: {failed[0]}" if failed else "Its service lists no system."

    async def _take(self, address: str, query: str) -> None:
        """Ask for a resource and put it into the tree, or say there why it could not be had."""
        key = address_of(address)
        try:
            local = _local(address)
            try:
                document = await self._get(local + (f"{'&' if '?' in local else '?'}{query}" if query else ""))
            except NotGivenError:
                if not query:
                    raise
                self._expands = False
                document = await self._get(local)
        except NotGivenError as reason:
            self.tree.failed[key] = str(reason)
            return
        self.tree.add(document, address)
        if not self.tree.known(address):
            self.tree.failed[key] = "another resource was answered."

    async def _log_in(self, sessions: str) -> None:
        if self._bmc.auth == "basic":
            told = base64.b64encode(f"{self._bmc.username}:{self._bmc.password}".encode()).decode()
            self._headers = {"Authorization": f"Basic {told}"}
            return
        try:
            body = {"UserName": self._bmc.username, "Password": self._bmc.password}
            headers, _content = await self._request("POST", _local(sessions), body)
            self._headers = {"X-Auth-Token": headers["X-Auth-Token"]}
            self._session = _local(urllib.parse.urlsplit(headers.get("Location", "")).path)
        except KeyError:
            raise StoppedError(f"No session could be begun at {sessions}: the answer has no X-Auth-Token.") from None
        except NotGivenError as reason:
            if not self._headers:
                raise StoppedError(f"No session could be begun at {sessions}: {reason}") from None

    async def _get(self, address: str) -> t.Any:
        _headers, content = await self._request("GET", address)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise NotGivenError(f"the answer is not JSON: {content[:40]!r}.") from None

    async def _request(self, method: str, address: str, body: object = None) -> tuple[t.Mapping[str, str], bytes]:
        """Return an answer's headers and content; follows redirects to itself, and asks a busy service once more."""
        asked_again = False
        for _attempt in range(MOST_REDIRECTS + 1):
            status, headers, content = await self._exchange(method, address, body)
            if status in _BUSY and not asked_again:
                asked_again = True
                await asyncio.sleep(_pause(headers))
                status, headers, content = await self._exchange(method, address, body)
            if status in _REDIRECTS:
                address = self._redirected(address, headers.get("Location", ""))
                continue
            if status == 401:
                other = "session" if self._bmc.auth == "basic" else "basic"
                raise StoppedError(f"It refuses the user name or the password (HTTP status 401); some want auth: {other}.")
            if not 200 <= status < 300:
                raise NotGivenError(f"HTTP status {status}.")
            return headers, content
        raise NotGivenError("it redirects again and again.")

    def _redirected(self, address: str, location: str) -> str:
        target = urllib.parse.urlsplit(urllib.parse.urljoin(self._bmc.origin + address, location))
        if f"{target.scheme}://{target.netloc}" not in (self._bmc.origin, self._bmc.origin.removesuffix(":443" if self._bmc.tls else ":80")):
            raise NotGivenError(f"it redirects to {target.scheme}://{target.netloc}, which is not followed.")
        return _local(target.path + (f"?{target.query}" if target.query else ""))

    async def _exchange(self, method: str, address: str, body: object) -> tuple[int, t.Mapping[str, str], bytes]:
        """Send one request and return status, headers and content."""
        if self.requests >= MOST_REQUESTS:
            raise StoppedError(f"It wants to be asked more than {MOST_REQUESTS} times.")
        self.requests += 1
        url = yarl.URL(self._bmc.origin + address, encoded=True)
        seconds = min(self._limits.timeout, LONGEST_START) if self.requests == 1 else self._limits.timeout
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=self._limits.connect_timeout)
        try:
            async with self._http.request(method, url, json=body, headers=self._headers, allow_redirects=False, timeout=timeout) as response:
                return response.status, response.headers, await self._content(response)
        except aiohttp.ConnectionTimeoutError:
            raise StoppedError(f"No connection within {self._limits.connect_timeout:g} s.") from None
        except TimeoutError:
            raise StoppedError(f"No answer within {seconds:g} s.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise StoppedError(_trouble(error)) from None

    async def _content(self, response: aiohttp.ClientResponse) -> bytes:
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if response.headers.get("Content-Encoding", "").lower() == "gzip" else None
        found = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            self._bytes += len(chunk)
            try:
                found += unpack.decompress(chunk, MOST_BYTES_OF_AN_ANSWER) if unpack else chunk
            except zlib.error:
                response.close()
                raise NotGivenError("the answer says that it is compressed, and is not.") from None
            if len(found) > MOST_BYTES_OF_AN_ANSWER or (unpack and unpack.unconsumed_tail):
                response.close()
                raise NotGivenError(f"the answer is larger than {MOST_BYTES_OF_AN_ANSWER // 1024} KiB.")
            if self._bytes > MOST_BYTES_OF_A_BMC:
                response.close()
                raise StoppedError(f"Its answers are larger than {MOST_BYTES_OF_A_BMC // 1024} KiB in all.")
        return bytes(found)


def _local(address: str) -> str:
    """Return an address as it goes into a request. Raises ``NotGivenError`` for one that leads away from the service."""
    if not address.startswith("/redfish") or "/../" in f"{address}/":
        raise NotGivenError("the address leads away from the service, and is not followed.")
    return urllib.parse.quote(address, safe="/%:@!$&'()*+,;=~?-._")


def _pause(headers: t.Mapping[str, str]) -> float:
    asked = headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else 1.0


def _shown(text: str) -> str:
    """Return a text that may hold a BMC's own words as one that does nothing to a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text[:300])


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


def _trouble(error: Exception) -> str:
    """Return in a sentence what went wrong with a connection."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or "it is for another name"
        return f"Its certificate is not trusted: {reason}. Name the authority in ca_path."
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"No TLS connection: {getattr(error.os_error, 'reason', '') or error.os_error}."
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "Its name is not known."
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"No connection: {_reason(error.os_error)}."
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "It ended the connection without an answer."
    if isinstance(error, aiohttp.ClientPayloadError):
        return "It ended the connection in the middle of an answer."
    if isinstance(error, aiohttp.ClientResponseError):
        return f"Its answer is no HTTP: {error.message}"
    return f"The connection failed: {error or type(error).__name__}."
