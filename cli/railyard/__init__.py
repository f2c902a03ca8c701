# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Railyard: the command, and its Python API (see ``railyard.api``)."""

__version__ = "0.1.0"
