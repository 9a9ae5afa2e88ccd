"""What the server shows of schedules, decoded from raw messages.

Raw, because the SDK's own schedule classes drop fields that they do not know and
fail on a whole list when one schedule in it is malformed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Literal, Self

from temporalio.api.common.v1 import Memo, SearchAttributes
from temporalio.api.schedule.v1 import Schedule, ScheduleInfo, ScheduleListInfo

from jobspec.temporal.ownership import read_mark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from temporalio.api.common.v1 import Payload
    from temporalio.api.schedule.v1 import ScheduleListEntry
    from temporalio.api.workflowservice.v1 import DescribeScheduleResponse

    from jobspec.temporal.schedules.canonical import CanonicalSchedule

MarkKind = Literal["attribute", "memo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One schedule as a list shows it, some tens of milliseconds late.

    Attributes:
        name: The Schedule ID.
        project: Whose mark it bears.
        info: The spec (the first ten entries of each kind), workflow type, paused, note, recent runs, next times.
        search_attributes: Its custom search attributes.
        memo: Its memo.
    """

    name: str
    project: str | None = None
    info: ScheduleListInfo = field(default_factory=ScheduleListInfo)
    search_attributes: Mapping[str, Payload] = field(default_factory=dict)
    memo: Mapping[str, Payload] = field(default_factory=dict)

    @property
    def paused(self) -> bool:
        """Whether it takes no action."""
        return self.info.paused

    @property
    def note(self) -> str:
        """The note beside `paused`."""
        return self.info.notes

    @property
    def workflow_type(self) -> str:
        """What it starts; empty for a malformed schedule."""
        return self.info.workflow_type.name

    def visible(self) -> bytes:
        """All that a list shows and that only an edit changes, as bytes to compare with an earlier list's."""
        edited = ScheduleListInfo(
            spec=self.info.spec, workflow_type=self.info.workflow_type, notes=self.info.notes, paused=self.info.paused
        )
        parts = (edited, SearchAttributes(indexed_fields=self.search_attributes), Memo(fields=self.memo))
        return b"\0".join(part.SerializeToString(deterministic=True) for part in parts)

    @classmethod
    def read(cls, entry: ScheduleListEntry) -> Self:
        """Decode an entry of a list; no entry is too strange for it."""
        search_attributes, memo = entry.search_attributes.indexed_fields, entry.memo.fields
        return cls(
            name=entry.schedule_id,
            project=read_mark(search_attributes, memo).project,
            info=entry.info,
            search_attributes=search_attributes,
            memo=memo,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSchedule:
    """One schedule as it is, described a moment ago.

    Attributes:
        name: The Schedule ID.
        project: Whose mark it bears.
        mark_kind: Where the mark stands.
        canonical: For comparing.
        paused: Whether it takes no action.
        note: The note beside `paused`.
        conflict_token: For an update that happens only if nothing changed since.
        message: As described, payloads still encoded by the codec.
        info: What happened and what comes: recent runs, running workflows, next times, times of creation and update.
        search_attributes: Its custom search attributes.
        memo: Its memo.
    """

    name: str
    project: str | None = None
    mark_kind: MarkKind | None = None
    canonical: CanonicalSchedule
    paused: bool = False
    note: str = ""
    conflict_token: bytes = b""
    message: Schedule = field(default_factory=Schedule)
    info: ScheduleInfo = field(default_factory=ScheduleInfo)
    search_attributes: Mapping[str, Payload] = field(default_factory=dict)
    memo: Mapping[str, Payload] = field(default_factory=dict)

    @property
    def recent_runs(self) -> tuple[datetime, ...]:
        """When it last started runs, by its own reckoning, jitter included; ten at most, newest last."""
        times = (action.schedule_time.ToDatetime(tzinfo=UTC) for action in self.info.recent_actions)
        return tuple(sorted(times))  # CHASM has no order

    @classmethod
    def read(cls, name: str, response: DescribeScheduleResponse, canonical: CanonicalSchedule) -> Self:
        """Decode what a describe answered.

        Args:
            name: The Schedule ID.
            response: The answer.
            canonical: Of the schedule in it.
        """
        search_attributes, memo = response.search_attributes.indexed_fields, response.memo.fields
        mark = read_mark(search_attributes, memo)
        return cls(
            name=name,
            project=mark.project,
            mark_kind=mark.kind,
            canonical=canonical,
            paused=response.schedule.state.paused,
            note=response.schedule.state.notes,
            conflict_token=response.conflict_token,
            message=response.schedule,
            info=response.info,
            search_attributes=search_attributes,
            memo=memo,
        )
