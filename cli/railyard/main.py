# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ``railyard`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from railyard import __version__
from railyard.core.errors import CoreError
from railyard.session import print_error

# One file per command; each has add_parser(subparsers), which names the function to call in ``handler``.
COMMANDS = ("lab", "apply", "discover", "validate", "report", "parse", "capture", "resolve", "secrets")

_EPILOG = """exit status: 0 done, nothing to tell; 1 a difference, finding, fault or refusal; 2 could not run
Every command that changes or reads hosts runs a playbook; -v prints the ansible-playbook line that does the same."""


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railyard",
        description="Turns servers into a GPU cluster, proves that it performs, and keeps it so.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"railyard {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(f"railyard.commands.{name}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        return int(args.handler(args))
    except CoreError as error:
        print_error(str(error))
    except KeyboardInterrupt:
        print_error("interrupted; running it again is safe.")
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to tell, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get("RAILYARD_DEBUG"):
            raise
        print_error(f"internal error: {type(error).__name__}: {error}. RAILYARD_DEBUG=1 shows where; please report it.")
    return 2


if __name__ == "__main__":
    sys.exit(main())
