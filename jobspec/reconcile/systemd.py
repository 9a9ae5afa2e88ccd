"""Tells systemd how the daemon is, where systemd asks for it: sd_notify(3), without its library."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

_SECONDS = 0.2
"""How long a message may wait until the service manager has room for it; all else waits meanwhile."""


class Supervisor:
    """The service manager that started this process; where none did, telling it anything does nothing.

    Attributes:
        watchdog: How often it wants to hear that all is well, in seconds; None where it does not ask.
    """

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self.watchdog = self._read_watchdog()

    def _read_watchdog(self) -> float | None:
        microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
        is_meant = bool(self._address) and microseconds.isdecimal() and pid == str(os.getpid())
        return int(microseconds) / 1e6 if is_meant else None

    def ready(self) -> None:
        """Say that the daemon works, after its start or after it read everything anew."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that the daemon reads everything anew, because it was told to by a signal."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the daemon is about to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Say that all is well, as often as `watchdog` asks for it."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Show a sentence in `systemctl status`."""
        self._send("STATUS=" + text.replace("\n", " "))

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the zero byte of Linux' abstract addresses.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        # That nobody listens any more, or nobody reads what is said, is no reason to stop.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(_SECONDS)
            channel.sendto(text.encode(), address)
