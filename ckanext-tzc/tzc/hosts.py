"""Servers by name and port, as credentials are kept for them."""
from __future__ import annotations

from urllib.parse import urlsplit

PORTS = {"https": 443, "http": 80, "sftp": 22, "postgresql": 5432, "mqtt": 1883, "mqtts": 8883}


def host_of(address: str) -> str:
    """`host:port` of an address, or of a host; empty for what is neither.

    >>> host_of("https://Data.example.org/x"), host_of("data.example.org:8443"), host_of("data.example.org"), host_of("https://[")
    ('data.example.org:443', 'data.example.org:8443', '', '')
    """
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname and port else ""
