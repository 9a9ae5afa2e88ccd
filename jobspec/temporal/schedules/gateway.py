"""The gateway: schedules in one namespace, listed, described, created, updated and deleted.

Every write is guarded by the conflict token of the describe that it rests on, and
every update is read back: the workflow-backed scheduler takes an update as a
signal, answers OK before it looks at the token, and drops a stale one silently.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from temporalio.api.schedule.v1 import Schedule
from temporalio.api.workflowservice.v1 import DescribeScheduleRequest, ListSchedulesRequest
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCStatusCode

from jobspec.errors import (
    ConflictError,
    InvalidDefinitionError,
    JobspecError,
    MalformedScheduleError,
    RefusedError,
    RequestError,
    ScheduleNotFoundError,
    report_bug,
)
from jobspec.secrets import shares_text
from jobspec.spec.hidden_values import tell_error
from jobspec.temporal.ownership import ATTRIBUTE, Attribute
from jobspec.temporal.requests import Requests, message_of, status_of
from jobspec.temporal.schedules.canonical import canonicalize
from jobspec.temporal.schedules.live_schedule import Listed, LiveSchedule
from jobspec.temporal.schedules.messages import decode_payloads, encode_payloads, read_plain_text
from jobspec.temporal.schedules.writes import (
    Goal,
    ReadBack,
    judge,
    make_create_request,
    make_delete_request,
    make_update_request,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from temporalio.api.schedule.v1 import ScheduleListEntry
    from temporalio.client import Client
    from temporalio.converter import PayloadCodec

    from jobspec.temporal.schedules.writes import Body

__all__ = ["Listed", "LiveSchedule", "Schedules"]

PAGE_SIZE: Final = 1000
"""The most that the server gives (frontend.visibilityMaxPageSize); asking for less only takes longer."""

FIRST_PAGE_SIZE: Final = 100
"""The first page is short, so that what it shows is known soon."""

READ_BACK_SECONDS: Final = 15.0
"""How long an update that was taken may need to show: milliseconds mostly, a moment more for search attributes."""


class Schedules:
    """All schedules of the client's namespace.

    Use one for each event loop: the calls of one gateway share limits and pace.

    Args:
        client: Connected; its data converter's codec is applied to inputs and undone.
        requests: How to reach the server; default: with the usual deadline and budget.

    Attributes:
        client: As given.
        requests: How the server is reached, also for what is asked beside the schedules themselves.
        attribute: The search attribute of the mark.
    """

    def __init__(self, client: Client, requests: Requests | None = None) -> None:
        self._service = client.workflow_service
        self._converter = client.data_converter
        self.requests = requests or Requests()
        self.client = client
        self.attribute = Attribute(client, self.requests)

    async def list(self) -> tuple[Listed, ...]:
        """List all schedules, whosever they are, newest first; what changed in the last moments may be missing."""
        found: dict[str, Listed] = {}
        async for page in self.list_pages():
            for entry in page:
                found.setdefault(entry.name, entry)
        return tuple(found.values())

    async def list_pages(self) -> AsyncIterator[tuple[Listed, ...]]:
        """List the same page by page, as they come in; one that changes meanwhile may be there twice."""
        request = ListSchedulesRequest(namespace=self.client.namespace, maximum_page_size=FIRST_PAGE_SIZE)
        while True:
            page = await self.requests.send(self._service.list_schedules, request, what="list the schedules")
            yield tuple(map(_read_entry, page.schedules))
            if not page.next_page_token:
                return
            request.next_page_token = page.next_page_token
            request.maximum_page_size = PAGE_SIZE

    async def describe(self, name: str) -> LiveSchedule | None:
        """Read one schedule as it is now.

        Returns:
            None where there is none.

        Raises:
            MalformedScheduleError: It cannot be read; only deleting it helps.
        """
        request = DescribeScheduleRequest(namespace=self.client.namespace, schedule_id=name)
        what = f"read the schedule `{name}`"
        try:
            response = await self.requests.send(self._service.describe_schedule, request, what=what)
        except ScheduleNotFoundError:
            return None
        try:
            canonical = canonicalize(await self._decode(response.schedule))
        except MalformedScheduleError as error:
            raise MalformedScheduleError(f"cannot {what}: {error}") from error
        return LiveSchedule.read(name, response, canonical)

    async def describe_all(self, names: Iterable[str]) -> dict[str, LiveSchedule | JobspecError]:
        """Read many schedules; one that fails does not stop the others.

        Returns:
            By name what is there, or the error of reading it; absent names are left out.
        """

        async def describe(name: str) -> LiveSchedule | JobspecError | None:
            try:
                return await self.describe(name)
            except JobspecError as error:
                return error
            except Exception as error:  # noqa: BLE001  a bug that one schedule brings out is its failure alone
                return report_bug(f"read the schedule `{name}`", error)

        distinct = tuple(dict.fromkeys(names))
        answers = await asyncio.gather(*map(describe, distinct))
        return {name: answer for name, answer in zip(distinct, answers, strict=True) if answer is not None}

    async def create(self, name: str, message: Schedule, *, project: str, paused: bool, note: str) -> None:
        """Create a schedule that bears the project's mark.

        Args:
            name: The Schedule ID.
            message: Desired; payloads not encoded yet.
            project: The mark.
            paused: Whether it shall take no action.
            note: The note beside `paused`.

        Raises:
            ScheduleExistsError: There is one of that name.
        """
        encoded = await self._encode(message)
        encoded.state.paused = paused
        encoded.state.notes = note
        with_attribute = await self.attribute.is_registered()
        try:
            await self._create(name, encoded, project, with_attribute=with_attribute)
        except RequestError as error:
            if not (with_attribute and _refuses_attribute(error)):
                raise
            self.attribute.set_unregistered()
            await self._create(name, encoded, project, with_attribute=False)

    async def _create(self, name: str, encoded: Schedule, project: str, *, with_attribute: bool) -> None:
        request = make_create_request(self.client, name, encoded, project=project, with_attribute=with_attribute)
        what = f"create the schedule `{name}`"
        await self.requests.send(self._service.create_schedule, request, what=what)

    async def update(self, live: LiveSchedule, desired: Body | None, *, paused: bool, note: str) -> LiveSchedule:
        """Update a schedule once, unless it changed since it was described, and read back what became of it.

        All that is not the file's is carried over from `live`. Nothing is written where nothing differs.

        Args:
            live: Described a moment ago.
            desired: What the spec asks for; None leaves spec, action and policies as they are.
            paused: As it shall be.
            note: As it shall be.

        Returns:
            The schedule as read back.

        Raises:
            ConflictError: Somebody else changed or deleted it first; nothing of theirs is lost.
        """
        target = Goal(
            canonical=desired.canonical if desired else live.canonical,
            paused=paused,
            note=note,
            project=live.project,
        )
        return await self._change(live, desired.message if desired else None, target)

    async def mark(self, live: LiveSchedule, project: str | None) -> LiveSchedule:
        """Change a schedule's mark and nothing else; None takes it away.

        Returns:
            The schedule as read back.

        Raises:
            ConflictError: Somebody else changed or deleted it first.
            RefusedError: The mark cannot be changed here.
        """
        target = Goal(canonical=live.canonical, paused=live.paused, note=live.note, project=project)
        return await self._change(live, None, target)

    async def delete(self, live: LiveSchedule) -> None:
        """Delete a schedule, unless it changed since it was described; one that is gone is done.

        The API has no guarded delete: what changes between the describe in here and the delete is lost.

        Raises:
            ConflictError: Somebody else changed it first.
        """
        now = await self.describe(live.name)
        if now is None:
            return
        if (now.conflict_token, now.project) != (live.conflict_token, live.project):
            raise ConflictError(f"cannot delete the schedule `{live.name}`: somebody else changed it meanwhile")
        request = make_delete_request(self.client, live.name)
        try:
            what = f"delete the schedule `{live.name}`"
            await self.requests.send(self._service.delete_schedule, request, what=what)
        except ScheduleNotFoundError:
            return

    async def _change(self, live: LiveSchedule, message: Schedule | None, target: Goal) -> LiveSchedule:
        if target.is_met_by(live):
            return live
        encoded = await self._encode(message) if message else live.message
        with_attribute = target.project != live.project and await self.attribute.is_registered()
        request = make_update_request(self.client, live, encoded, target, with_attribute=with_attribute)
        what = f"update the schedule `{live.name}`"
        try:
            await self.requests.send(self._service.update_schedule, request, what=what)
        except ScheduleNotFoundError as error:
            raise ConflictError(f"cannot {what}: somebody else deleted it meanwhile") from error
        except ConflictError:
            # A stale token after a repeated request may be our own success, whose answer was lost.
            now = await self.describe(live.name)
            if judge(live, now, target) is not ReadBack.DONE:
                raise
        except RequestError as error:
            raise _explain_memo(error, live.name) from error
        return await self._read_back(live, target)

    async def _read_back(self, before: LiveSchedule, target: Goal) -> LiveSchedule:
        what = f"the schedule `{before.name}`"
        deadline = time.monotonic() + READ_BACK_SECONDS
        pause = 0.01
        while True:
            now = await self.describe(before.name)
            verdict = judge(before, now, target)
            if verdict is ReadBack.DONE and now is not None:
                return now
            is_late = time.monotonic() > deadline
            if verdict is ReadBack.DROPPED or (verdict is ReadBack.UNSEEN and is_late):
                raise ConflictError(f"cannot update {what}: somebody else changed it meanwhile")
            if is_late:
                raise RequestError(f"the update of {what} was taken but does not show")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _encode(self, message: Schedule) -> Schedule:
        encoded = Schedule()
        try:
            encoded.CopyFrom(await encode_payloads(message, self._codec(message)))
        except Exception as error:
            # A codec is user code and may raise anything; it fails the one job and not the command.
            plain = await read_plain_text(message)
            said = tell_error(error, is_hidden=shares_text(str(error), plain))
            raise InvalidDefinitionError(f"the codec of the data converter cannot encode the job: {said}") from error
        return encoded

    async def _decode(self, message: Schedule) -> Schedule:
        try:
            codec = self._codec(message)
        except Exception:  # noqa: BLE001  a codec is user code and may raise anything
            return message
        return await decode_payloads(message, codec)

    def _codec(self, message: Schedule) -> PayloadCodec | None:
        """Give the codec what the SDK would: some derive keys from the workflow that a payload is for."""
        if self._converter.payload_codec is None:
            return None
        context = WorkflowSerializationContext(
            namespace=self.client.namespace, workflow_id=message.action.start_workflow.workflow_id
        )
        return self._converter.with_context(context).payload_codec


def _refuses_attribute(error: RequestError) -> bool:
    return status_of(error) is RPCStatusCode.INVALID_ARGUMENT and ATTRIBUTE in message_of(error)


def _explain_memo(error: RequestError, name: str) -> JobspecError:
    """The workflow-backed scheduler, which cannot change a memo, is known for sure only by its refusal."""
    if status_of(error) is not RPCStatusCode.FAILED_PRECONDITION or "memo updates" not in message_of(error):
        return error
    advice = "`jobspec init --namespace` registers the search attribute that can"
    return RefusedError(
        f"cannot change the mark of the schedule `{name}`: this scheduler cannot change a memo; {advice}"
    )


def _read_entry(entry: ScheduleListEntry) -> Listed:
    """Decode an entry of a list; of one that brings out a bug only the name counts, so that it is described."""
    try:
        return Listed.read(entry)
    except Exception as error:  # noqa: BLE001  one schedule must not hide the others
        report_bug(f"read the list's entry of the schedule `{entry.schedule_id}`", error)
        return Listed(name=entry.schedule_id)
