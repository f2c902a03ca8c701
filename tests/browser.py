# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real browser for tests: headless Chromium without a network, spoken to over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t
from dataclasses import dataclass, field

import aiohttp

# Nothing may leave the machine: names are not resolved, and a proxy that is none takes the rest.
_OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9")
_QUIET = ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-component-update")
_PATIENCE_S = 60


@dataclass
class Opened:
    """A page that was opened, and what happened meanwhile."""

    seconds: float
    """From the request until everything was drawn."""
    heap_mib: float
    elements: int
    answers: dict[str, t.Any]
    """What the expressions came to."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and exceptions."""
    requests: list[str] = field(default_factory=list)
    """Addresses that the page asked for, itself first."""


def chromium() -> str | None:
    """Return the browser's path, if the machine has one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def open_page(path: pathlib.Path, *expressions: str, width: int = 1240, height: int = 900, dark: bool = False, picture: pathlib.Path | None = None) -> Opened:
    """Open a file, evaluate expressions of JavaScript one after the other, and take a picture of what is in the window then."""
    program = chromium()
    if not program:
        raise FileNotFoundError("there is no Chromium on this machine")
    with tempfile.TemporaryDirectory(prefix="railyard-browser-", ignore_cleanup_errors=True) as profile:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [program, *_QUIET, *_OFFLINE, *sandbox, f"--user-data-dir={profile}", "--remote-debugging-port=0", f"--window-size={width},{height}"]
        environment = {**os.environ, "HOME": profile}
        process = subprocess.Popen([*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)
        try:
            port = _port(pathlib.Path(profile), process)
            visit = _Visit(path, expressions, dark=dark, picture=picture)
            return asyncio.run(asyncio.wait_for(visit.run(port), _PATIENCE_S))
        finally:
            # Its processes are a group of their own; what is still writing to the profile ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _port(profile: pathlib.Path, process: subprocess.Popen[bytes]) -> int:
    told = profile / "DevToolsActivePort"
    for _turn in range(10 * _PATIENCE_S):
        if told.is_file() and told.read_text().count("\n"):
            return int(told.read_text().splitlines()[0])
        if process.poll() is not None:
            raise RuntimeError(f"Chromium ended with {process.returncode} before it listened")
        time.sleep(0.1)
    raise TimeoutError("Chromium does not listen")


class _Visit:
    def __init__(self, path: pathlib.Path, expressions: tuple[str, ...], *, dark: bool, picture: pathlib.Path | None) -> None:
        self._address, self._expressions, self._dark, self._picture = path.absolute().as_uri(), expressions, dark, picture
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, t.Any]]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []
        self.requests: list[str] = []

    async def run(self, port: int) -> Opened:
        async with aiohttp.ClientSession(trust_env=False) as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                page = next(entry for entry in await answer.json() if entry["type"] == "page")
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as self._socket:
                listening = asyncio.create_task(self._listen())
                try:
                    return await self._open()
                finally:
                    listening.cancel()

    async def _open(self) -> Opened:
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            await self._call(f"{domain}.enable")
        if self._dark:
            await self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        start = time.perf_counter()
        await self._call("Page.navigate", url=self._address)
        await self._loaded.wait()
        # Until what was drawn is on the screen.
        await self._evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        seconds = time.perf_counter() - start
        answers = {expression: await self._evaluate(expression) for expression in self._expressions}
        metrics = {entry["name"]: entry["value"] for entry in (await self._call("Performance.getMetrics"))["metrics"]}
        if self._picture:
            shot = await self._call("Page.captureScreenshot", format="png")
            self._picture.write_bytes(base64.b64decode(shot["data"]))
        elements = await self._evaluate("document.getElementsByTagName('*').length")
        return Opened(seconds, metrics["JSHeapUsedSize"] / 2**20, elements, answers, self.complaints, self.requests)

    async def _evaluate(self, expression: str) -> t.Any:
        answer = await self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description', answer['exceptionDetails']['text'])}")
        return answer["result"].get("value")

    async def _call(self, method: str, **parameters: t.Any) -> dict[str, t.Any]:
        self._number += 1
        future = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        return await future

    async def _listen(self) -> None:
        async for message in self._socket:
            document = message.json()
            if "id" in document:
                future = self._answers.pop(document["id"])
                if "error" in document:
                    future.set_exception(RuntimeError(str(document["error"])))
                else:
                    future.set_result(document["result"])
                continue
            self._note(document["method"], document["params"])

    def _note(self, method: str, told: dict[str, t.Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]["text"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(value.get("value")) for value in told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(str(told["entry"]["text"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(str(told["request"]["url"]))
