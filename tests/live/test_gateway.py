"""Creating, reading, updating and deleting through the gateway, on both back ends."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from dev_servers import eventually
from sample_schedules import both_ways, create, describe, desire, message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import DataConverter, PayloadCodec

from jobspec.errors import ConflictError, JobspecError, RequestError, ScheduleExistsError
from jobspec.temporal.schedules.canonical import canonicalize
from jobspec.temporal.schedules.gateway import Listed, LiveSchedule, Schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dev_servers import Server


@both_ways
async def test_a_created_schedule_is_there_and_bears_the_mark(
    schedules: Schedules,
    attribute_registered: bool,  # noqa: FBT001
) -> None:
    await schedules.create("a", message(), project="shop", paused=True, note="why")
    live = await describe(schedules)
    assert (live.project, live.mark_kind) == ("shop", "attribute" if attribute_registered else "memo")
    assert (live.paused, live.note, live.canonical.queue) == (True, "why", "q")
    assert live.memo["jobspec"].data == b'"shop"'


@both_ways
async def test_a_list_shows_the_mark_and_what_it_can(schedules: Schedules) -> None:
    await schedules.create("a", message(), project="shop", paused=True, note="why")

    async def listed() -> None:
        entry = await only(schedules)
        assert (entry.name, entry.project, entry.workflow_type) == ("a", "shop", "T")
        assert (entry.paused, entry.note) == (True, "why")

    await eventually(listed)


async def test_what_a_list_shows_moves_with_an_edit_only(schedules: Schedules) -> None:
    live = await create(schedules)
    before = await eventually(lambda: only(schedules))
    assert (await only(schedules)).visible() == before.visible()
    await schedules.update(live, None, paused=True, note="edited")

    async def moved() -> None:
        assert (await only(schedules)).visible() != before.visible()

    await eventually(moved)


async def only(schedules: Schedules) -> Listed:
    listed = await schedules.list()
    assert len(listed) == 1
    return listed[0]


async def test_a_list_reads_all_pages(schedules: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobspec.temporal.schedules.gateway.PAGE_SIZE", 2)
    names = {f"job-{number}" for number in range(7)}
    for name in names:
        await schedules.create(name, message(), project="shop", paused=False, note="")

    async def all_listed() -> None:
        assert {entry.name for entry in await schedules.list()} == names

    await eventually(all_listed)


async def test_what_is_absent_is_no_error(schedules: Schedules) -> None:
    await create(schedules)
    assert await schedules.describe("nothing") is None
    assert set(await schedules.describe_all(["a", "nothing", "a"])) == {"a"}


async def test_creating_what_exists_is_an_error_of_its_own(schedules: Schedules) -> None:
    await create(schedules)
    with pytest.raises(ScheduleExistsError):
        await create(schedules, desired=message("other"))
    assert (await describe(schedules)).canonical.queue == "q"


async def test_a_schedule_can_be_deleted_and_created_again(schedules: Schedules) -> None:
    for _ in range(3):
        live = await create(schedules)
        await schedules.delete(live)
        assert await schedules.describe("a") is None


async def test_an_update_returns_what_was_verified(schedules: Schedules) -> None:
    live = await create(schedules)
    after = await schedules.update(live, desire(message("other")), paused=True, note="x" * 5000)
    assert (after.canonical.queue, after.paused, after.note) == ("other", True, "x" * 5000)
    assert after.conflict_token != live.conflict_token
    assert after == await describe(schedules)


async def test_an_update_that_changes_nothing_writes_nothing(schedules: Schedules) -> None:
    live = await create(schedules)
    assert await schedules.update(live, desire(message()), paused=False, note="") is live
    assert (await describe(schedules)).conflict_token == live.conflict_token


async def test_an_update_makes_the_comparable_form_of_what_it_reads_alone(
    schedules: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, desired = await create(schedules), desire(message("other"))
    compare = Mock(wraps=canonicalize)
    monkeypatch.setattr("jobspec.temporal.schedules.gateway.canonicalize", compare)
    await schedules.update(live, desired, paused=False, note="")
    compared = [call.args[0] for call in compare.call_args_list]
    assert compared
    assert all(schedule is not desired.message for schedule in compared)


async def test_an_update_without_a_message_leaves_the_body(schedules: Schedules) -> None:
    live = await create(schedules)
    after = await schedules.update(live, None, paused=True, note="retired")
    assert (after.canonical, after.paused, after.note) == (live.canonical, True, "retired")


async def test_an_update_that_the_server_refuses_is_an_error_with_its_words(schedules: Schedules) -> None:
    live = await create(schedules)
    desired = message()
    desired.spec.timezone_name = "Nowhere/City"
    with pytest.raises(RequestError, match="unknown time zone Nowhere/City"):
        await schedules.update(live, desire(desired), paused=False, note="")
    assert (await describe(schedules)).conflict_token == live.conflict_token


@pytest.mark.parametrize("rounds", [20])
async def test_many_updates_in_a_row_all_show(schedules: Schedules, rounds: int) -> None:
    live = await create(schedules)
    for number in range(rounds):
        live = await schedules.update(live, desire(message(f"q{number}")), paused=bool(number % 2), note=str(number))
        assert live.canonical.queue == f"q{number}"


async def test_a_deletion_looks_again_first(schedules: Schedules) -> None:
    stale = await create(schedules)
    fresh = await schedules.update(stale, desire(message("other")), paused=False, note="")
    with pytest.raises(ConflictError):
        await schedules.delete(stale)
    await schedules.delete(fresh)
    await schedules.delete(fresh)


class Scramble(PayloadCodec):
    """Encodes the same value differently each time, as encryption does."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": b"binary/scrambled", "salt": uuid.uuid4().bytes}, data=p.SerializeToString())
            for p in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload.FromString(p.data) if "salt" in p.metadata else p for p in payloads]


async def test_a_codec_is_applied_undone_and_never_makes_a_difference(server: Server, namespace: str) -> None:
    plain = server.client(namespace)
    converter = DataConverter(payload_codec=Scramble())
    secret = Schedules(Client(plain.service_client, namespace=namespace, data_converter=converter))
    value = Payload(metadata={"encoding": b"json/plain"}, data=b'{"card": 42}')
    desired = message()
    desired.action.start_workflow.input.payloads.append(value)
    live = await create(secret, desired=desired)
    assert b"salt" in live.message.SerializeToString()
    assert live.canonical.input[0].value == '{"card":42}'
    assert await secret.update(live, desire(desired), paused=False, note="") is live
    other = message("other")
    other.action.start_workflow.input.payloads.append(value)
    after = await secret.update(live, desire(other), paused=False, note="")
    assert after.message.action.start_workflow.input == live.message.action.start_workflow.input
    assert (await describe(Schedules(plain))).canonical.input[0].encoding == "binary/scrambled"


class Broken(PayloadCodec):
    """A codec whose key server is away."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        raise OSError(f"no key for {len(payloads)} payloads")

    decode = encode


async def test_a_codec_that_fails_writes_nothing(server: Server, namespace: str) -> None:
    connection = server.client(namespace).service_client
    converter = DataConverter(payload_codec=Broken())
    schedules = Schedules(Client(connection, namespace=namespace, data_converter=converter))
    desired = message()
    desired.action.start_workflow.input.payloads.add(data=b"1")
    with pytest.raises(JobspecError, match="no key"):
        await schedules.create("a", desired, project="shop", paused=False, note="")
    assert await schedules.describe("a") is None


async def test_more_schedules_than_turns_are_described(schedules: Schedules) -> None:
    names = [f"job-{number}" for number in range(50)]
    for name in names:
        await schedules.create(name, message(), project="shop", paused=False, note="")
    described = await schedules.describe_all(names)
    assert list(described) == names
    assert all(isinstance(live, LiveSchedule) for live in described.values())


def test_deadlines_are_shorter_than_a_budget() -> None:
    from jobspec.temporal.requests import BUDGET, DEADLINE

    assert timedelta(0) < DEADLINE < BUDGET
