"""Histories of real runs: what activities did, whatever way they ended, and what they do now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from run_workflows import QUEUE, start, working
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import (
    ActivitySerializationContext,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    WithSerializationContext,
)

from jobspec.errors import RunFailedError, UsageError
from jobspec.results import ActivityStatus, Raw, Status
from jobspec.temporal.runs.gateway import Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from temporalio.converter import SerializationContext

    from jobspec.results import ActivityEvent, RunDetail


@pytest.fixture
def runs(client: Client) -> Runs:
    return Runs(client)


def told(activity: ActivityEvent) -> tuple[Any, ...]:
    return activity.activity_type, activity.input, activity.status, activity.attempt, activity.result


async def test_finished_activities_are_told_however_they_ended(client: Client, runs: Runs) -> None:
    async with working(client):
        names = ("complete", "stumble", "fail", "lose", "locally")
        for what in names:
            await start(client, runs, "orders", what)
        for what in names:
            if what != "fail":
                await runs.result(f"orders-{what}")

    complete = await runs.history("orders", "orders-complete")
    assert (complete.status, complete.input, complete.result) == (Status.COMPLETED, ("complete",), 42)
    assert (complete.failure, complete.events, complete.is_truncated) == (None, 11, False)
    (activity,) = complete.activities
    assert told(activity) == ("double", (21,), ActivityStatus.COMPLETED, 1, 42)
    assert (activity.scheduled_event_id, activity.task_queue, activity.is_local) == (5, QUEUE, False)
    assert activity.scheduled_at is not None
    assert activity.started_at is not None
    assert activity.closed_at is not None
    assert activity.scheduled_at <= activity.started_at <= activity.closed_at

    (activity,) = (await runs.history("orders", "orders-stumble")).activities
    assert told(activity) == ("stumble", (), ActivityStatus.COMPLETED, 2, 2)
    assert activity.last_failure is not None
    assert (activity.last_failure.message, activity.last_failure.type) == ("try again", "ValueError")

    failed = await runs.history("orders", "orders-fail")
    assert failed.failure is not None
    assert failed.failure.cause == failed.activities[0].failure
    assert failed.activities[0].failure is not None
    assert (failed.status, failed.activities[0].status) == (Status.FAILED, ActivityStatus.FAILED)
    assert failed.activities[0].failure.details == ({"order": 7},)

    late, early, running, second, first = (await runs.history("orders", "orders-lose")).activities
    assert told(late) == ("double", (1,), ActivityStatus.TIMED_OUT, 0, None)
    assert late.failure is not None
    assert (late.failure.type, late.started_at) == ("schedule_to_start", None)
    assert late.closed_at is not None
    assert told(early) == ("double", (2,), ActivityStatus.CANCELED, 0, None)
    assert told(running) == ("hang", (), ActivityStatus.CANCELED, 1, None)
    assert told(second) == ("double", (4,), ActivityStatus.COMPLETED, 1, 8)
    assert told(first) == ("double", (3,), ActivityStatus.COMPLETED, 1, 6)

    doubled, broken, stumbled = (await runs.history("orders", "orders-locally")).activities
    assert told(doubled) == ("double", (), ActivityStatus.COMPLETED, 1, 8)
    assert told(broken) == ("fail", (), ActivityStatus.FAILED, 1, None)
    assert broken.failure is not None
    assert broken.failure.cause is not None
    assert told(stumbled) == ("stumble", (), ActivityStatus.COMPLETED, 2, 2)
    assert stumbled.last_failure is not None
    assert stumbled.last_failure.message == "try again"
    assert all(each.is_local and each.scheduled_event_id == 0 for each in (doubled, broken, stumbled))


async def test_what_goes_on_now_is_told(client: Client, runs: Runs) -> None:
    async with working(client):
        workflow_id, _ = await start(client, runs, "orders", "retry")

        async def under_way() -> RunDetail:
            detail = await runs.describe("orders", workflow_id)
            assert {pending.activity_id: pending.status for pending in detail.pending_activities} == {
                "waits": ActivityStatus.RETRYING,
                "runs": ActivityStatus.STARTED,
                "queued": ActivityStatus.SCHEDULED,
            }
            return detail

        detail = await eventually(under_way)
        pending = {each.activity_id: each for each in detail.pending_activities}
        waits = pending["waits"]
        assert (waits.attempt, waits.maximum_attempts, waits.activity_type) == (2, 7, "stumble")
        assert waits.last_failure is not None
        assert waits.last_failure.message == "try again"
        assert waits.scheduled_at is not None
        assert waits.scheduled_at - detail.summary.started_at > timedelta(minutes=50)
        assert (pending["runs"].attempt, pending["runs"].worker) == (1, client.identity)

        running = await runs.history("orders", workflow_id)
        assert (running.status, running.is_truncated) == (Status.RUNNING, False)
        now = {each.activity_id: each for each in running.activities}
        assert [*now] == ["waits", "runs", "queued"]
        assert told(now["waits"]) == ("stumble", (), ActivityStatus.RETRYING, 2, None)
        assert now["waits"].last_failure == waits.last_failure
        assert told(now["runs"]) == ("hang", (), ActivityStatus.STARTED, 1, None)
        assert told(now["queued"]) == ("double", (1,), ActivityStatus.SCHEDULED, 0, None)

        started_only = await runs.history("orders", workflow_id, max_events=5)
        assert (started_only.events, started_only.is_truncated) == (5, True)
        assert {each.activity_id: each.status for each in started_only.activities} == {
            each.activity_id: each.status for each in running.activities
        }
        assert [each.scheduled_event_id for each in started_only.activities] == [5, 0, 0]

        await runs.terminate("orders", workflow_id, reason="enough")
        over = await runs.history("orders", workflow_id)
        assert {each.status for each in over.activities} == {ActivityStatus.ABANDONED}
        assert [each.attempt for each in over.activities] == [2, 1, 0]
        assert over.activities[0].last_failure == waits.last_failure
        assert over.failure is not None
        assert (over.status, over.failure.message) == (Status.TERMINATED, "enough")
        assert (await runs.describe("orders", workflow_id)).pending_activities == ()


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_long_histories_are_cut_and_say_so(client: Client, runs: Runs) -> None:
    async with working(client):
        workflow_id, _ = await start(client, runs, "orders", "count")
        assert await runs.result(workflow_id) == 2
    length = (await runs.describe("orders", workflow_id)).history_length
    assert length > 2000

    cut = await runs.history("orders", workflow_id)
    assert (cut.events, cut.is_truncated) == (500, True)
    assert (cut.status, cut.result) == (Status.COMPLETED, 2)
    assert 490 < len(cut.activities) < 500

    whole = await runs.history("orders", workflow_id, max_events=None)
    assert (whole.events, whole.is_truncated, len(whole.activities)) == (length, False, 2001)
    assert whole.activities[: len(cut.activities)] == cut.activities
    for cap, is_truncated in ((length - 1, True), (length, False), (length + 1, False), (1, True)):
        capped = await runs.history("orders", workflow_id, max_events=cap)
        assert (capped.events, capped.is_truncated) == (min(cap, length), is_truncated)
        assert ActivityStatus.ABANDONED not in {each.status for each in capped.activities}
        assert capped.result == 2
    for cap in (0, -1):
        with pytest.raises(UsageError, match="at least 1"):
            await runs.history("orders", workflow_id, max_events=cap)


class Sealing(PayloadCodec, WithSerializationContext):
    """Seals for one workflow; refuses to open what was sealed for another, and anything while it has lost its key."""

    def __init__(self) -> None:
        self.workflow_id: str | None = ""
        self.activity_type: str | None = None
        self.lost: set[str | None] = set()

    def with_context(self, context: SerializationContext) -> Sealing:
        bound = Sealing()
        bound.workflow_id = getattr(context, "workflow_id", None)
        bound.activity_type = context.activity_type if isinstance(context, ActivitySerializationContext) else None
        bound.lost = self.lost
        return bound

    @property
    def seal(self) -> bytes:
        return f"{self.workflow_id}/{self.activity_type}".encode()

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": b"binary/sealed", "for": self.seal}, data=payload.SerializeToString())
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if self.activity_type in self.lost:
            raise RuntimeError("the key is lost")
        if any(payload.metadata["for"] != self.seal for payload in payloads):
            raise ValueError("sealed for another")
        return [Payload.FromString(payload.data) for payload in payloads]


async def test_what_a_codec_cannot_open_is_told_raw(client: Client) -> None:
    codec = Sealing()
    converter = replace(
        client.data_converter,
        payload_codec=codec,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
    sealing = Client(client.service_client, namespace=client.namespace, data_converter=converter)
    runs = Runs(sealing)
    memo = {"team": "orders"}
    async with working(sealing):
        await start(sealing, runs, "orders", "complete", memo=memo, static_summary="Orders of the last hour")
        await start(sealing, runs, "orders", "fail")
        assert await runs.result("orders-complete") == 42
        with pytest.raises(RunFailedError, match="Activity task failed") as caught:
            await runs.result("orders-fail")
    assert caught.value.failure is not None
    assert caught.value.failure.cause is not None
    assert caught.value.failure.cause.message == "no such order"

    history = await runs.history("orders", "orders-complete")
    assert (history.input, history.result) == (("complete",), 42)
    assert (history.activities[0].input, history.activities[0].result) == ((21,), 42)
    failed = await runs.history("orders", "orders-fail")
    assert failed.activities[0].failure is not None
    assert failed.activities[0].failure.details == ({"order": 7},)
    detail = await runs.describe("orders", "orders-complete")
    assert (detail.memo, detail.static_summary) == (memo, "Orders of the last hour")

    codec.lost.add("double")
    history = await runs.history("orders", "orders-complete")
    assert (history.input, history.result) == (("complete",), 42)
    (raw,) = history.activities[0].input
    assert isinstance(raw, Raw)
    assert (raw.encoding, Payload.FromString(raw.data).data) == ("binary/sealed", b"21")

    stranger = Runs(client)
    history = await stranger.history("orders", "orders-complete")
    assert [type(value) for value in (*history.input, history.result)] == [Raw, Raw]
    failed = await stranger.history("orders", "orders-fail")
    assert failed.failure is not None
    assert (failed.status, failed.failure.message) == (Status.FAILED, "Encoded failure")
    detail = await stranger.describe("orders", "orders-complete")
    assert isinstance(detail.memo["team"], Raw)
    with pytest.raises(RunFailedError, match="Encoded failure"):
        await stranger.result("orders-fail")
