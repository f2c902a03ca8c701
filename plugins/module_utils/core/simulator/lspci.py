# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``lspci`` prints on a simulated node, as far as anybody asks it: the devices in numbers and, of PCIe ports, their access control.

The form is that of pciutils (lspci.c, ls-caps.c). Options that are not simulated are refused as the real program refuses unknown ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..facts.bus import FOLDER, address_key
from .hardware_tree import Tree, hardware_tree
from .nvidia_smi import Answer

_CLASSES = {"0604": "PCI bridge", "0302": "3D controller", "0300": "VGA compatible controller", "0207": "Infiniband controller", "0200": "Ethernet controller"}
_CLASSES |= {"0108": "Non-Volatile memory controller", "1200": "Processing accelerators"}
_BRIDGE = "0604"
_PORT_DRIVER = "pcieport"
_OFF = "SrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- EgressCtrl- DirectTrans-"


def lspci(profile: Mapping[str, Any], argv: Sequence[str], now: datetime, denied: Collection[int] = ()) -> Answer:
    """Answer ``lspci ARGV`` (without the command's own name) to root. Domains are always printed."""
    verbose, wanted = False, ""
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "-d" and words and words[0].startswith("::"):
            wanted = words.pop(0)[2:].lower()
        elif word in ("-v", "-vv", "-vvv"):
            verbose = True
        elif word not in ("-D", "-n", "-nn"):
            return Answer("", 1, f"lspci: invalid option -- '{word.lstrip('-')[:1]}'\nUsage: lspci [<switches>]\n")
    tree = hardware_tree(profile)
    addresses = sorted((path.rpartition("/")[2] for path in tree.links if path.startswith(f"{FOLDER}/") and path.count("/") == 5), key=address_key)
    return Answer("".join(_device(tree, address, wanted, verbose=verbose) for address in addresses))


def _device(tree: Tree, address: str, wanted: str, *, verbose: bool) -> str:
    folder = _folder(tree, address)
    code, vendor, device = (tree.files[f"{folder}/{name}"].strip()[2:] for name in ("class", "vendor", "device"))
    if wanted and not code.startswith(wanted):
        return ""
    text = f"{address} {_CLASSES.get(code[:4], 'Class')} [{code[:4]}]: Device [{vendor}:{device}]\n"
    if not verbose:
        return text
    if code.startswith(_BRIDGE) and tree.links.get(f"{folder}/driver", "").endswith(_PORT_DRIVER):
        text += f"\tCapabilities: [148 v1] Access Control Services\n\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+\n\t\tACSCtl:\t{_OFF}\n"
    return f"{text}\n"


def _folder(tree: Tree, address: str) -> str:
    """Return the device's folder: its link leads there by going up from the folder of links."""
    return "/sys/" + tree.links[f"{FOLDER}/{address}"].lstrip("./")
