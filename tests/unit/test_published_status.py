"""What the daemon shows at `/status`, and how often that is written."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

from jobspec.errors import UnreachableError
from jobspec.reconcile.health import Health
from jobspec.reconcile.published_status import PublishedStatus
from jobspec.reconcile.report import Report, Result, Trigger
from jobspec.reconcile.settings import DaemonSettings
from jobspec.reconcile.watch import Mode

if TYPE_CHECKING:
    import pytest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_status() -> PublishedStatus:
    watch: Any = Mock(mode=Mode.EVENTS, problem="")
    health = Health(interval=timedelta(minutes=5), answered_at=lambda: 0.0, watch_alive_at=lambda: float("inf"))
    return PublishedStatus(version="1.2.3", started_at=NOW, settings=DaemonSettings(), watch=watch, health=health)


def make_report() -> Report:
    return Report(trigger=Trigger.INTERVAL, started_at=NOW, result=Result.UNREACHABLE, error=UnreachableError("gone"))


async def test_all_who_ask_at_the_same_time_get_the_same_bytes() -> None:
    status = make_status()
    first, second = await asyncio.gather(status.render(), status.render())
    assert first is second
    assert await status.render() is first


async def test_what_is_old_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    status = make_status()
    first = await status.render()
    monkeypatch.setattr("jobspec.reconcile.published_status.SHARED_SECONDS", -1.0)
    assert await status.render() is not first


async def test_a_cycle_that_has_ended_is_shown_at_once() -> None:
    status = make_status()
    before = await status.render()
    status.publish(make_report())
    after = await status.render()
    assert [len(json.loads(text)["cycles"]) for text in (before, after)] == [0, 1]


async def test_who_stops_waiting_takes_it_from_no_other() -> None:
    status = make_status()
    impatient, patient = (asyncio.create_task(status.render()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert json.loads(await patient)["jobspec"] == "1.2.3"
