"""Secrets of every shape, made up here, and put together so that nobody who looks for real ones stops at this file."""

from __future__ import annotations

import base64
import json

_KEY = base64.b64encode(bytes(range(3, 99))).decode()
_PEM = "\n".join(_KEY[start : start + 64] for start in range(0, len(_KEY), 64))
_HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"

SHAPES: dict[str, str] = {
    "aws key id": "AKIA" + "Z7Q2M5N8P1R4T6W9",
    "aws secret": "wJa7rXUtnF3MI/K7MDENG+bPx2fiCY4xY0zQ9sLk",
    "github": "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2,
    "github fine-grained": "github_pat_" + "11ABCDEFG0a1B2c3D4e5F6_g7H8i9J0kLmNoPqRsTuVwXyZ0123456789",
    "slack": "xoxb-" + "123456789012-abcdefGHIJ",
    "stripe": "sk_live_" + "a1B2c3D4e5F6g7H8",
    "google": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
    "private key": "-----BEGIN RSA " + f"PRIVATE KEY-----\n{_PEM}\n-----END RSA PRIVATE KEY-----",
    "ssh key": "-----BEGIN OPENSSH " + f"PRIVATE KEY-----\n{_PEM}\n-----END OPENSSH PRIVATE KEY-----",
    "url": "https://shop:Tr0ub4dor" + "@registry.example/v2",
    "bearer": "Authorization: Bearer " + "s3cr3t-opaque.Value_1",
    "connection string": "Server=tcp:db;Uid=shop;Password=" + "Tr0ub4dor&3;Encrypt=yes",
    "base64": base64.b64encode(bytes(range(5, 250, 7))).decode(),
    "hex": _HEX,
    "temporal cloud": "eyJhbGciOiJFUzI1NiIsImtpZCI6Ikg3" + ".eyJhY2NvdW50X2lkIjoiYTJkZDYifQ.Zz9yX8wV7uT6sR5qP4",
    "npm": "npm_" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8",
    "pypi": "pypi-AgE" + "IcHlwaS5vcmcCJGExYjJjM2Q0LWU1ZjYtN2c4aC05aTBqAAIqWzMsIj",
    "age": "AGE-SECRET-KEY-1" + "QYZ8X7W6V5U4T3S2R1Q0P9N8M7L6K5J4H3G2F1D0C9B8A7Z6Y5X",
    "azure": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=" + _KEY[:86] + "==",
    "sendgrid": "SG." + "a1B2c3D4e5F6g7H8i9J0kL" + "." + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8i9J0abc",
    "twilio": "SK" + "0123456789abcdef0123456789abcdef",
    "service account": json.dumps(
        {"type": "service_account", "private_key": f"-----BEGIN PRIVATE KEY-----\n{_PEM}\n-----END PRIVATE KEY-----\n"}
    ),
}
"""Secrets that tell what they are, wherever they stand."""

PASSWORDS: tuple[str, ...] = ("hunter2-Xy9", "correct horse battery", "Swordfish", "pa$$w0rd!", "12345678", "a,b: c#d")
"""Secrets that only their key gives away."""

KEYS: tuple[str, ...] = ("password", "db_password", "DB_PASSWORD", "adminPassword", "passwd", "passphrase")
"""Keys that give a secret away."""


def find_leaks(secret: str, shown: str) -> list[str]:
    """List where parts of a secret can be read in an output: runs of eight of its characters, escaped or not.

    A prefix that only names the kind (`ghp_`) and words around a secret, such as the host of a URL, are no leak.
    """
    core = _CORES.get(secret, secret)
    length = min(8, len(core))
    parts = {core[at : at + length] for at in range(len(core) - length + 1)}
    seen = shown.replace("\\n", "\n").replace('\\"', '"').replace("\\u0026", "&")
    found = (part for part in parts if part in seen and part.strip("-= \n") == part)
    return sorted(seen[max(0, seen.index(part) - 60) : seen.index(part) + 60] for part in found)


_CORES = {
    SHAPES["url"]: "Tr0ub4dor",
    SHAPES["bearer"]: "s3cr3t-opaque.Value_1",
    SHAPES["connection string"]: "Tr0ub4dor",
    SHAPES["azure"]: _KEY[:86],
    SHAPES["private key"]: _PEM,
    SHAPES["ssh key"]: _PEM,
    SHAPES["service account"]: _PEM,
}
"""What is secret in those that have more around it."""
