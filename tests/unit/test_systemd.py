"""What systemd is told."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.reconcile.systemd import Supervisor

if TYPE_CHECKING:
    from pathlib import Path


def hear(supervisor_says: Any, address: str, monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    bound = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(bound)
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        supervisor = Supervisor()
        said = []
        for say in supervisor_says(supervisor):
            say()
            said.append(channel.recv(1024).decode())
        return said


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool) -> None:  # noqa: FBT001
    address = f"@jobspec-test-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    said = hear(
        lambda it: (it.ready, it.reloading, it.alive, it.stopping, lambda: it.status("fine\nso far")),
        address,
        monkeypatch,
    )
    assert said[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert [*said[:1], *said[2:]] == ["READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=fine so far"]


def test_a_service_manager_that_reads_nothing_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobspec.reconcile.systemd._SECONDS", 0.0001)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        for _ in range(400):  # more than the kernel keeps for a reader
            Supervisor().alive()


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Supervisor().ready()
    assert Supervisor().watchdog is None


def test_the_watchdog_is_asked_for_by_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    assert Supervisor().watchdog == 3.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Supervisor().watchdog is None
