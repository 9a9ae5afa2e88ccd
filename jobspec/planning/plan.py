"""The plan: what would be done to make the live schedules equal to the specs, as data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from jobspec.planning.pauses import Pause

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jobspec.planning.diff import FieldChange
    from jobspec.temporal.schedules.canonical import CanonicalSchedule


class Action(StrEnum):
    """What is done to one schedule."""

    CREATE = "create"
    UPDATE = "update"
    RETIRE = "retire"
    RESTORE = "restore"
    DELETE = "delete"
    ADOPT = "adopt"


class Reason(StrEnum):
    """Why it is done."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    MENDED = "mended"
    DRIFT = "drift"
    REQUESTED = "requested"


class HeldReason(StrEnum):
    """Why nothing is done to a schedule although the specs and Temporal differ."""

    FOREIGN = "foreign"
    INVALID = "invalid"
    FROZEN = "frozen"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a job is written.

    Attributes:
        file: The file, relative to the project.
        line: Line number from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write.

    Attributes:
        name: The job's name, which is the Schedule ID.
        action: What is done.
        reason: Why.
        source: Where the job is written; None for one that no spec wants, or that code defines.
        fields: What differs, in the words of a spec.
        before: The live schedule; None for one that is created.
        after: The schedule as it shall be; None for one that is deleted.
        pause: Paused and note as they shall be.
        delete_after: When a retired schedule will be deleted.
        was: Paused and note as they are; None for a schedule that is created.
        recent_runs: When the live schedule last started runs, jitter included, newest last.
        drifted: Of the fields, those that would differ without what made this change.
    """

    name: str
    action: Action
    reason: Reason
    source: Source | None = None
    fields: tuple[FieldChange, ...] = ()
    before: CanonicalSchedule | None = None
    after: CanonicalSchedule | None = None
    pause: Pause = Pause(paused=False)  # noqa: RUF009  immutable
    delete_after: datetime | None = None
    was: Pause | None = None
    recent_runs: tuple[datetime, ...] = ()
    drifted: frozenset[str] = frozenset()

    def does_the_same_as(self, other: Change) -> bool:
        """Whether a reader who was shown one has been shown the other."""
        return (self.action, self.fields) == (other.action, other.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One schedule that is left alone, and why.

    Attributes:
        name: The job's name, which is the Schedule ID.
        reason: The kind of reason.
        message: The reason.
        hint: What to do; empty where the message says it all.
        source: Where the job is written; None where that is not known.
    """

    name: str
    reason: HeldReason
    message: str
    hint: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that would be done, in name order.

    Attributes:
        project: Whose schedules these are.
        namespace: Where they are; None where no server was asked.
        environment: The environment that the specs were merged for; None without one.
        grace: From retired to deleted.
        changes: The writes.
        held: What is left alone.
        unchanged: How many schedules are as the specs want them.
        completed: Jobs that will never run again and are not live; they are not created.
        retired: Jobs that are retired already and wait for the end of their grace time.
    """

    project: str
    namespace: str | None
    environment: str | None = None
    grace: timedelta = timedelta(0)
    changes: tuple[Change, ...] = ()
    held: tuple[Held, ...] = ()
    unchanged: int = 0
    completed: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    def counts(self) -> dict[Action, int]:
        """How many changes there are of each action, all actions named."""
        return {action: sum(change.action is action for change in self.changes) for action in Action}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The schedule is as its spec wants it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The job will never run again and has no schedule."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """The schedule is retired and its grace time is not over."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Neither a spec nor Temporal has it, or it is nobody's business of ours."""

    name: str


Decision = Change | Held | Unchanged | Completed | Retired | Absent


def find_renames(plan: Plan) -> Mapping[str, str]:
    """Find jobs that come under a new name and are otherwise as one that goes.

    Returns:
        By the new name the old one; where several jobs are alike, none of them.
    """
    comes: dict[CanonicalSchedule, list[str]] = defaultdict(list)
    goes: dict[CanonicalSchedule, list[str]] = defaultdict(list)
    for change in plan.changes:
        if change.action is Action.CREATE and change.after is not None:
            comes[_leave_out_name(change.after, change.name)].append(change.name)
        elif change.action in (Action.RETIRE, Action.DELETE) and change.before is not None:
            goes[_leave_out_name(change.before, change.name)].append(change.name)
    return {new[0]: goes[key][0] for key, new in comes.items() if len(new) == len(goes.get(key, ())) == 1}


def _leave_out_name(schedule: CanonicalSchedule, name: str) -> CanonicalSchedule:
    """Leave out what follows a job's name by default."""
    return replace(schedule, workflow_id="") if schedule.workflow_id == name else schedule
