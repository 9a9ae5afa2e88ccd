"""The project's mark: read from anything, changed on both back ends, with and without the search attribute."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING

import pytest
from dev_servers import TEMPORAL, Server, eventually, register_attribute
from sample_schedules import both_ways, create, describe, desire, message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import CreateScheduleRequest
from temporalio.service import RPCError, RPCStatusCode

from jobspec.cli.commands import init
from jobspec.errors import ConflictError, NamespaceNotFoundError, RefusedError
from jobspec.temporal.ownership import Attribute, Mark, read_mark
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from projects import Project
    from temporalio.client import Client

NOBODY = Mark()


def plain(data: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


@pytest.mark.parametrize(
    ("attribute", "memo", "mark"),
    [
        (None, None, NOBODY),
        (b'"shop"', None, Mark(project="shop", kind="attribute")),
        (b'["shop"]', None, Mark(project="shop", kind="attribute")),
        (b'"shop"', b'"store"', Mark(project="shop", kind="attribute")),
        (None, b'"store"', Mark(project="store", kind="memo")),
        (b"null", b'"store"', Mark(project="store", kind="memo")),
        (b"[]", b'"store"', Mark(project="store", kind="memo")),
        (b"", b'"store"', Mark(project="store", kind="memo")),
        (b'"-"', b'"store"', Mark(kind="attribute")),
        (b'["-"]', b'"store"', Mark(kind="attribute")),
        (b'["a","b"]', b'"store"', Mark(kind="attribute")),
        (b"7", b'"store"', Mark(kind="attribute")),
        (b'{"a"', b'"store"', Mark(kind="attribute")),
        (b"\xff", None, Mark(kind="attribute")),
        (b'"Not A Project"', None, Mark(project="Not A Project", kind="attribute")),
        (None, b"7", NOBODY),
        (None, b"\xff{", NOBODY),
        (None, b'["store"]', NOBODY),
        (None, b'"-"', NOBODY),
    ],
)
def test_a_mark_is_read_from_anything(attribute: bytes | None, memo: bytes | None, mark: Mark) -> None:
    attributes = {} if attribute is None else {"JobspecProject": plain(attribute)}
    assert read_mark(attributes, {} if memo is None else {"jobspec": plain(memo)}) == mark


def test_a_memo_that_went_through_a_codec_is_no_mark() -> None:
    assert read_mark({}, {"jobspec": Payload(metadata={"encoding": b"binary/encrypted"}, data=b'"shop"')}) == NOBODY


async def create_foreign(client: Client, *, attributes: dict[str, Payload], memo: dict[str, Payload]) -> None:
    request = CreateScheduleRequest(
        namespace=client.namespace, schedule_id="a", schedule=message(), request_id=str(uuid.uuid4())
    )
    for key, value in attributes.items():
        request.search_attributes.indexed_fields[key].CopyFrom(value)
    for key, value in memo.items():
        request.memo.fields[key].CopyFrom(value)
    await client.workflow_service.create_schedule(request)


async def add_attribute(client: Client, name: str, kind: IndexedValueType.ValueType) -> None:
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes={name: kind})
    await client.operator_service.add_search_attributes(request)


async def test_adopting_writes_the_mark_and_nothing_else(schedules: Schedules, stranger: Client) -> None:
    await create_foreign(stranger, attributes={}, memo={})
    live = await describe(schedules)
    assert (live.project, live.mark_kind) == (None, None)
    after = await schedules.mark(live, "shop")
    assert (after.project, after.mark_kind) == ("shop", "attribute")
    assert (after.canonical, after.message) == (live.canonical, live.message)


async def test_a_mark_changes_hands_and_is_taken_away(schedules: Schedules) -> None:
    live = await create(schedules)
    store = await schedules.mark(live, "store")
    assert (store.project, store.canonical, store.note) == ("store", live.canonical, "")
    nobodys = await schedules.mark(store, None)
    assert (nobodys.project, nobodys.mark_kind) == (None, "attribute")
    assert nobodys.memo["jobspec"].data == b'"shop"'

    async def listed() -> None:
        assert [entry.project for entry in await schedules.list()] == [None]

    await eventually(listed)
    assert (await schedules.mark(nobodys, "shop")).project == "shop"


async def test_marking_what_is_marked_so_writes_nothing(schedules: Schedules) -> None:
    live = await create(schedules)
    assert await schedules.mark(live, "shop") is live
    assert (await describe(schedules)).conflict_token == live.conflict_token


@pytest.mark.parametrize("server", ["chasm"], indirect=True)
@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_where_the_memo_can_change_it_bears_the_mark(schedules: Schedules, stranger: Client) -> None:
    await create_foreign(stranger, attributes={}, memo={"other": plain(b"1")})
    live = await describe(schedules)
    ours = await schedules.mark(live, "shop")
    assert (ours.project, ours.mark_kind, set(ours.memo)) == ("shop", "memo", {"jobspec", "other"})
    nobodys = await schedules.mark(ours, None)
    assert (nobodys.project, nobodys.mark_kind, set(nobodys.memo)) == (None, None, {"other"})


@pytest.mark.parametrize("server", ["chasm"], indirect=True)
@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_the_last_entry_of_a_memo_can_be_taken_away(schedules: Schedules) -> None:
    nobodys = await schedules.mark(await create(schedules), None)
    assert (nobodys.project, set(nobodys.memo)) == (None, set())


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_where_the_memo_cannot_change_the_command_is_named(schedules: Schedules, client: Client) -> None:
    live = await create(schedules)
    for project in ("store", None):
        with pytest.raises(RefusedError, match="jobspec init --namespace"):
            await schedules.mark(live, project)
    assert await describe(schedules) == live
    later = Schedules(client)
    assert await later.attribute.register()
    assert (await later.mark(live, "store")).project == "store"


@both_ways
async def test_other_search_attributes_and_memo_entries_are_kept(
    schedules: Schedules,
    stranger: Client,
    server: Server,
    attribute_registered: bool,  # noqa: FBT001
) -> None:
    if server.backend == "workflow" and not attribute_registered:
        return  # refused there, see above
    await add_attribute(stranger, "Team", IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
    await add_attribute(stranger, "Size", IndexedValueType.INDEXED_VALUE_TYPE_INT)
    others = {"Team": plain(b'"orders"'), "Size": plain(b"3")}

    async def created() -> None:
        await create_foreign(stranger, attributes=others, memo={"other": plain(b"1")})

    await eventually(created)
    after = await schedules.mark(await describe(schedules), "shop")
    assert after.project == "shop"
    assert {key: after.search_attributes[key].data for key in others} == {"Team": b'"orders"', "Size": b"3"}
    assert after.memo["other"].data == b"1"


async def test_a_mark_on_top_of_somebody_elses_change_is_a_conflict(schedules: Schedules, stranger: Client) -> None:
    stale = await create(schedules)
    theirs = Schedules(stranger)
    await theirs.update(stale, desire(message("theirs")), paused=False, note="")
    with pytest.raises(ConflictError):
        await schedules.mark(stale, "store")
    now = await describe(schedules)
    assert (now.project, now.canonical.queue) == ("shop", "theirs")


async def test_a_mark_of_somebody_else_stops_a_deletion(schedules: Schedules, stranger: Client) -> None:
    stale = await create(schedules)
    await Schedules(stranger).mark(stale, "store")
    with pytest.raises(ConflictError):
        await schedules.delete(stale)
    assert (await describe(schedules)).project == "store"


@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_registering_makes_the_attribute_usable_at_once(schedules: Schedules) -> None:
    assert not await schedules.attribute.is_registered()
    assert await schedules.attribute.register()
    assert not await schedules.attribute.register()
    assert (await create(schedules)).mark_kind == "attribute"


@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_an_attribute_of_another_type_is_not_ours(schedules: Schedules, client: Client) -> None:
    await add_attribute(client, "JobspecProject", IndexedValueType.INDEXED_VALUE_TYPE_INT)
    assert not await schedules.attribute.is_registered()
    assert (await create(schedules)).mark_kind == "memo"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (IndexedValueType.INDEXED_VALUE_TYPE_INT, "Int"),
        (IndexedValueType.INDEXED_VALUE_TYPE_TEXT, "Text"),  # can be queried as if it were a Keyword
        (IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST, "KeywordList"),
    ],
)
@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_an_attribute_of_another_type_is_said_at_once(
    project: Project, client: Client, kind: IndexedValueType.ValueType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_attribute: Attribute) -> None:
        pytest.fail("it waits for what cannot happen")

    monkeypatch.setattr(Attribute, "_wait_until_usable", wait)
    await add_attribute(client, "JobspecProject", kind)
    with pytest.raises(RefusedError, match=f"exists in the namespace `{client.namespace}` with the type {name}, and"):
        await Schedules(client).attribute.register()
    finished = await project.run("init", "--namespace", client.namespace)
    assert (finished.code, finished.stdout) == (3, ""), finished.text
    assert f"with the type {name}, and must be a Keyword; if nothing else uses it" in finished.stderr
    command = re.findall(r"`temporal (.*?)`", finished.stderr)[0].split()
    removing = [*command, "--yes", "--address", client.service_client.config.target_host]
    process = await asyncio.create_subprocess_exec(TEMPORAL, *removing, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    finished = await project.run("init", "--namespace", client.namespace)
    assert (finished.code, finished.stderr) == (0, ""), finished.text
    assert finished.stdout.endswith("the search attribute JobspecProject is registered now.\n")


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_an_attribute_whose_type_may_not_be_read_is_waited_for_in_vain(
    schedules: Schedules, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")

    await add_attribute(client, "JobspecProject", IndexedValueType.INDEXED_VALUE_TYPE_INT)
    monkeypatch.setattr(client.operator_service, "list_search_attributes", refuse)
    monkeypatch.setattr("jobspec.temporal.ownership._USABLE_SECONDS", 0.1)
    with pytest.raises(RefusedError, match="may exist with a type other than Keyword"):
        await schedules.attribute.register()


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_a_wait_for_the_attribute_is_not_silent(
    client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "_SILENT_SECONDS", 0.0)
    address = client.service_client.config.target_host
    assert await init._prepare_namespace(client.namespace, address, None) == 0
    assert "Still waiting until the server can use the search attribute" in capsys.readouterr().err


async def test_a_registration_that_was_taken_back_is_noticed(server: Server) -> None:
    client = server.client(await server.make_namespace(attribute_registered=False))
    schedules = Schedules(client)
    schedules.attribute._is_registered = True  # as of a moment ago
    assert (await create(schedules)).mark_kind == "memo"
    assert not await schedules.attribute.is_registered()


async def test_a_missing_namespace_is_said_to_be_missing(server: Server) -> None:
    schedules = Schedules(server.client("nowhere"))
    with pytest.raises(NamespaceNotFoundError, match="nowhere"):
        await schedules.attribute.is_registered()
    with pytest.raises(NamespaceNotFoundError, match="nowhere"):
        await schedules.attribute.register()
    with pytest.raises(NamespaceNotFoundError, match="nowhere"):
        await schedules.list()
    with pytest.raises(NamespaceNotFoundError, match="nowhere"):
        await schedules.describe("a")
    with pytest.raises(NamespaceNotFoundError, match="nowhere"):
        await create(schedules)


@pytest.mark.parametrize("attribute_registered", [False], indirect=True)
async def test_registered_later_is_used_by_the_next_gateway(schedules: Schedules, client: Client) -> None:
    live = await create(schedules)
    assert live.mark_kind == "memo"
    await eventually(lambda: register_attribute(client, client.namespace))
    after = await Schedules(client).mark(live, "store")
    assert (after.project, after.mark_kind) == ("store", "attribute")
