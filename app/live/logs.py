"""Log lines: one JSON object each, free of what would give people or secrets away.

Nobody logs SDP, passcodes, phone numbers, links or tickets; addresses go through
`short_address`.
"""

import ipaddress
import logging
import sys
from typing import Any

from pythonjsonlogger.json import JsonFormatter


QUIET = ("hypercorn.access", "aiosqlite", "asyncio", "alembic")
"""Loggers that speak up only from warnings on."""


def configure(level: str, node: str) -> None:
    """Write the lines of all loggers to stderr, each with the name of the node."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(node))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Hypercorn adds a handler of its own unless it is given a logger.
    logging.getLogger("hypercorn.error").propagate = True


def short_address(address: str | None) -> str:
    """An address without its owner: the /24 of an IPv4 one, the /48 of an IPv6 one."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, bits), strict=False))


def _formatter(node: str) -> logging.Formatter:
    fields: dict[str, Any] = {"levelname": "level", "name": "logger"}
    return JsonFormatter(
        "{asctime}{levelname}{name}{message}",
        style="{",
        datefmt="%Y-%m-%dT%H:%M:%S%z",
        rename_fields={"asctime": "at", **fields},
        static_fields={"node": node},
    )
