# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Live progress of a run: one moving line on a terminal, one line per task elsewhere, Ansible's own output when it was asked for."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from railyard.events import Event, plain
from railyard.terminal.tally import Tally


class Progress(Protocol):
    """Takes the events of one run, as a context."""

    def __enter__(self) -> Progress: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def __call__(self, event: Event) -> None: ...


def progress(console: Console, *, verbosity: int = 0, quiet: bool = False) -> Progress:
    """Return the progress that suits: ``quiet`` shows none where nobody watches."""
    if verbosity:
        return RawOutput(console)
    if console.is_terminal:
        return LiveLine(console)
    return Silent(console) if quiet else TaskLines(console)


class Silent:
    """Shows nothing, and is what the others have in common."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._warned: set[str] = set()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def __call__(self, event: Event) -> None:
        return None

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._start)
        return f"{seconds // 60}:{seconds % 60:02d}"

    def _tell(self, event: Event) -> None:
        """Print what should stay on the screen: failures as they happen, each warning once, differences."""
        if event.kind in ("failed", "unreachable"):
            first = event.message.splitlines()[0] if event.message else ""
            self._print(f"{event.kind}: {event.host}: {event.task}: {first}", style="red")
        elif event.kind == "warning" and event.message not in self._warned:
            self._warned.add(event.message)
            self._print(f"warning: {event.message}", style="yellow")
        elif event.kind == "diff" and event.text.strip():
            self._print(f"{event.host}: {event.task}\n{plain(event.text).strip()}")

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


class RawOutput(Silent):
    """Ansible's own output, as it comes."""

    def __call__(self, event: Event) -> None:
        if event.text:
            text = event.text if self._console.is_terminal else plain(event.text)
            self._console.file.write(text.replace("\r", "").rstrip("\n") + "\n")
            self._console.file.flush()


class TaskLines(Silent):
    """One line per task, with counts, when it is over: for logs of CI and cron."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._tally = Tally()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close_task()

    def __call__(self, event: Event) -> None:
        if event.kind in ("play", "task", "end"):
            self._close_task()
        self._tally.add(event)
        if event.kind == "play":
            self._print(f"[{self._elapsed()}] {event.play}")
        self._tell(event)

    def _close_task(self) -> None:
        if self._tally.done:
            self._print(f"[{self._elapsed()}]   {self._tally.title()}: {self._tally.counts()}")
            self._tally.outcomes.clear()


class LiveLine(Silent):
    """One line that moves: play, task, hosts done of all, time elapsed."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._tally = Tally()
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._line, refresh_per_second=8, transient=True, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Progress:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        self._tally.add(event)
        self._tell(event)

    def _line(self) -> Spinner:
        tally = self._tally
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{self._elapsed()}  ", style="dim")
        text.append(tally.play or "Starting", style="bold")
        if tally.task:
            text.append(f"  {tally.title()}")
        if tally.total:
            text.append(f"  {tally.done}/{tally.total} hosts", style="cyan")
        self._spinner.update(text=text)
        return self._spinner
