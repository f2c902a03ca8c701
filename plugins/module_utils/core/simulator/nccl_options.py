# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of nccl-tests 2.19.6: the options that it has, what it says of others, and how its groups follow from NCCL_TESTS_SPLIT.

After its sources (``src/common.cu``). One trap is kept: an option that it does not have prints the usage and ends with status 0.
"""

from __future__ import annotations

import getopt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .rates import Outcome

_LONG = {
    "nthreads": "t",
    "ngpus": "g",
    "minbytes": "b",
    "maxbytes": "e",
    "stepbytes": "i",
    "stepfactor": "f",
    "iters": "n",
    "agg_iters": "m",
    "warmup_iters": "w",
    "run_cycles": "N",
    "parallel_init": "p",
    "per_iter_timing": "I",
    "per_iter_skip": "K",
    "check": "c",
    "op": "o",
    "datatype": "d",
    "root": "r",
    "blocking": "z",
    "stream_null": "y",
    "timeout": "T",
    "cudagraph": "G",
    "report_cputime": "C",
    "average": "a",
    "local_register": "R",
    "cta_policy": "x",
    "device_implementation": "D",
    "device_cta_count": "V",
    "output_file": "J",
    "report_timestamps": "S",
    "memory_report": "M",
    "unalign": "u",
}
_NAMES_OF_VALUES = {
    "t": "num threads",
    "g": "gpus per thread",
    "b": "min size in bytes",
    "e": "max size in bytes",
    "i": "increment size",
    "f": "increment factor",
    "n": "iteration count",
    "w": "warmup iteration count",
    "c": "check iteration count",
    "T": "time in seconds",
    "J": "file",
    "a": "0/1/2/3",
}
_UNITS = {"K": 10, "M": 20, "G": 30}
# Those that are numbers; sizes are read apart.
_NUMBERS = {"t": 1, "g": 1, "n": 20, "w": 1, "c": 1, "f": 1, "m": 1, "N": 1, "I": 0, "K": 0, "T": 0}


@dataclass(frozen=True)
class Options:
    """What a run is asked for."""

    threads: int
    gpus: int
    least: int
    most: int
    step: int
    factor: int
    iterations: int
    warmup: int
    checks: int
    per_iteration: bool
    output: str

    def sizes(self) -> list[int]:
        """Return the sizes, in bytes."""
        found, size = [], self.least
        while size <= self.most:
            found.append(size)
            following = size * self.factor if self.factor > 1 else size + self.step
            size = following if following > size else self.most + 1
        return found


def options_of(program: str, argv: Sequence[str]) -> Options | Outcome:
    """Return what is asked for, or what the program says and ends with."""
    short = "".join(f"{letter}:" for letter in _LONG.values()) + "h"
    try:
        found, rest = getopt.gnu_getopt(list(argv), short, [*(f"{name}=" for name in _LONG), "help"])
    except getopt.GetoptError as error:
        said = f"unrecognized option '--{error.opt}'" if len(error.opt) > 1 else f"invalid option -- '{error.opt}'"
        if "requires argument" in error.msg:
            said = f"option requires an argument -- '{error.opt}'"
        return Outcome(f"invalid option '?'\n{_usage(program)}", 0, f"{program}: {said}\n")
    given = {_LONG.get(name.lstrip("-"), name.lstrip("-")): value for name, value in found}
    if {"h", "help"} & given.keys():
        return Outcome(_usage(program))
    # What is left over is not looked at.
    del rest
    sizes = {}
    for letter, default in (("b", "32M"), ("e", "32M"), ("i", "1M")):
        value = _size(given.get(letter, default))
        if value is None:
            word = {"b": "minbytes", "e": "maxbytes", "i": "stepbytes"}[letter]
            return Outcome("", 255, f"invalid size specified for '{word}'\n")
        sizes[letter] = value
    if sizes["b"] > sizes["e"]:
        return Outcome("", 255, f"invalid sizes for 'minbytes' and 'maxbytes': {sizes['b']} > {sizes['e']}\n")
    numbers = {letter: _number(given.get(letter, str(default))) for letter, default in _NUMBERS.items()}
    return Options(
        threads=max(1, numbers["t"]),
        gpus=max(1, numbers["g"]),
        least=sizes["b"],
        most=sizes["e"],
        step=sizes["i"],
        factor=numbers["f"],
        iterations=max(1, numbers["n"]),
        warmup=numbers["w"],
        checks=numbers["c"],
        per_iteration=bool(numbers["I"]),
        output=given.get("J", "") if given.get("J", "").endswith(".json") else "",
    )


def colour(rank: int, environment: Mapping[str, str]) -> int:
    """Return the group of a rank (``NCCL_TESTS_SPLIT``: an operation and a number; ``NCCL_TESTS_SPLIT_MASK``: a number in hexadecimal to and it with)."""
    split, mask = environment.get("NCCL_TESTS_SPLIT", ""), environment.get("NCCL_TESTS_SPLIT_MASK", "")
    if split:
        word = split.strip()
        operation = next((name for name in ("AND", "OR", "MOD", "DIV", "&", "|", "%", "/") if word.upper().startswith(name)), "")
        number = _number(word[len(operation) :].strip())
        if operation in ("AND", "&"):
            return rank & number
        if operation in ("OR", "|"):
            return rank | number
        if operation in ("MOD", "%") and number:
            return rank % number
        if operation in ("DIV", "/") and number:
            return rank // number
    if mask:
        try:
            return rank & int(mask, 16)
        except ValueError:
            return 0
    return 0


def _size(text: str) -> int | None:
    """Return bytes, with a unit in powers of 1024, as the program reads them."""
    unit = text[-1:].upper()
    digits = text[:-1] if unit in _UNITS else text
    try:
        value = float(digits)
    except ValueError:
        return None
    return int(value * (1 << _UNITS.get(unit, 0))) if 0 <= value < 1 << 50 else None


def _number(text: str) -> int:
    """Return what strtol makes of it: 0 for what is no number."""
    try:
        return int(text, 0)
    except ValueError:
        return 0


def _usage(program: str) -> str:
    lines = (f"[-{letter},--{name} <{_NAMES_OF_VALUES.get(letter, 'value')}>] " for name, letter in _LONG.items())
    return f"USAGE: {program} \n\t" + "\n\t".join(lines) + "\n\t[-h,--help]\n"
