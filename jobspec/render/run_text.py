"""Runs as text for people: lists, counts, one run in detail, and what goes on in it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobspec.render.clock import NO_TIME, tell_length
from jobspec.render.failure_text import render_failure, tell_root
from jobspec.render.payload_values import tell_value, tell_values
from jobspec.render.tables import Cell, Column, Row, Style, Tone, render_table
from jobspec.render.terminal import cut, pad
from jobspec.results import ActivityStatus, Status
from jobspec.timing.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jobspec.render.clock import Clock
    from jobspec.results import (
        ActivityEvent,
        DefinitionStats,
        Failure,
        PendingActivity,
        RunDetail,
        RunHistory,
        RunSummary,
    )

TONES: Final[dict[Status, Tone]] = {
    Status.COMPLETED: "good",
    Status.FAILED: "bad",
    Status.TIMED_OUT: "bad",
    Status.TERMINATED: "bad",
    Status.CANCELED: "idle",
    Status.RUNNING: "busy",
    Status.PAUSED: "idle",
}
_LABEL_COLUMNS: Final = 17

_LONGEST_VALUE: Final = 2000
"""What is longer is cut in the middle; as JSON it is all there."""

_LONGEST_CELL: Final = 160

_BEGUN: Final = 3
"""A run whose first workflow task was never done has three events at most: started, task scheduled, task started."""

_STATS: Final = (
    Status.RUNNING,
    Status.PAUSED,
    Status.COMPLETED,
    Status.FAILED,
    Status.TIMED_OUT,
    Status.CANCELED,
    Status.TERMINATED,
    Status.CONTINUED_AS_NEW,
    Status.UNKNOWN,
)
_RARE: Final = (Status.PAUSED, Status.CONTINUED_AS_NEW, Status.UNKNOWN)
"""States that are only shown where some run is in them."""


def tell_word(word: str) -> str:
    """Write a state for people: `timed out`."""
    return word.replace("_", " ")


def status_cell(status: Status) -> Cell:
    """Show a run's state."""
    return Cell(text=tell_word(status), tone=TONES.get(status, ""))


def render_runs(runs: Iterable[RunSummary], clock: Clock, style: Style) -> str:
    """Write a list of runs, one a line; run ids only where a workflow id alone does not say which run is meant."""
    listed = tuple(runs)
    is_shared = len({run.workflow_id for run in listed}) < len(listed)
    columns = (
        Column(heading=f"STARTED ({clock.name})"),
        Column(heading="STATUS"),
        Column(heading="TOOK", is_number=True),
        Column(heading="SCHEDULED FOR", rank=2),
        Column(heading="WORKFLOW ID"),
        *((Column(heading="RUN ID", rank=1),) if is_shared else ()),
    )
    rows: Iterator[Row] = (
        (
            clock.show(run.started_at),
            status_cell(run.status),
            tell_length(run.took(clock.now)),
            clock.show(run.scheduled_for),
            run.workflow_id,
            *((run.run_id,) if is_shared else ()),
        )
        for run in listed
    )
    return render_table(columns, rows, style)


def render_stats(stats: Mapping[str, DefinitionStats], style: Style) -> str:
    """Write how many runs of each job there are by state, one job a line; states of none go first for want of room."""
    shown = [each for each in _STATS if each not in _RARE or any(getattr(found, each) for found in stats.values())]
    columns = (
        Column(heading="JOB"),
        *(Column(heading=tell_word(each).upper(), is_number=True, rank=_rank(each, stats)) for each in shown),
        Column(heading="TOTAL", is_number=True),
    )
    rows: Iterator[Row] = (
        (job, *(_count_cell(status, getattr(found, status)) for status in shown), f"{found.total:,}")
        for job, found in stats.items()
    )
    return render_table(columns, rows, style)


def _rank(status: Status, stats: Mapping[str, DefinitionStats]) -> int:
    return 0 if any(getattr(found, status) for found in stats.values()) else _STATS.index(status) + 1


def _count_cell(status: Status, number: int) -> Cell:
    return Cell(text=f"{number:,}", tone=TONES.get(status, "") if number else "")


def render_detail(detail: RunDetail, history: RunHistory, clock: Clock, style: Style) -> str:
    """Write all about one run.

    Args:
        detail: As described.
        history: Of the same run, for its input and its end.
        clock: For its times.
        style: What the output can show.
    """
    text = "".join(_write_lines(_list_facts(detail, history, clock), style))
    if history.failure is not None:
        text += (
            "".join(_write_lines([("failure", "")], style)) + render_failure(history.failure, style, indent="  ") + "\n"
        )
    if detail.pending_activities:
        text += "\n" + render_pending(detail.pending_activities, clock, style)
    return text


def _write_lines(facts: Iterable[tuple[str, str]], style: Style) -> Iterator[str]:
    for label, value in facts:
        yield f"{pad(label, _LABEL_COLUMNS)}  {style.fit(value)}".rstrip() + "\n"


def _render_end(history: RunHistory, style: Style) -> str:
    return f"failure\n{render_failure(history.failure, style, indent='  ')}\n" if history.failure else ""


def _list_facts(detail: RunDetail, history: RunHistory, clock: Clock) -> Iterator[tuple[str, str]]:
    run = detail.summary
    yield "workflow id", run.workflow_id
    yield "run id", run.run_id
    yield "status", f"{tell_word(run.status)} {'after' if run.closed_at else 'for'} {tell_length(run.took(clock.now))}"
    yield "workflow", f"{run.workflow_type} on task queue {run.task_queue}"
    yield "started", f"{clock.show(run.started_at)} ({clock.name})"
    yield from _list_times(run, clock)
    yield from _list_options(detail)
    yield "history", f"{detail.history_length:,} events"
    yield from _list_values(history)


def _list_values(history: RunHistory) -> Iterator[tuple[str, str]]:
    yield "input", cut(tell_values(history.input), _LONGEST_VALUE) if history.input else "none"
    if history.status is Status.COMPLETED:
        yield "result", cut(tell_value(history.result), _LONGEST_VALUE)


def _list_times(run: RunSummary, clock: Clock) -> Iterator[tuple[str, str]]:
    if run.closed_at:
        yield "ended", clock.show(run.closed_at)
    if run.scheduled_for:
        yield "scheduled for", clock.show(run.scheduled_for)


def _list_options(detail: RunDetail) -> Iterator[tuple[str, str]]:
    limits = {"execution": detail.execution_timeout, "run": detail.run_timeout, "task": detail.task_timeout}
    if told := ", ".join(f"{name} {format_duration(length)}" for name, length in limits.items() if length):
        yield "timeouts", told
    if detail.memo:
        yield "memo", ", ".join(f"{key}: {tell_value(value)}" for key, value in detail.memo.items())
    if detail.search_attributes:
        shown = (f"{key}: {tell_value(value)}" for key, value in detail.search_attributes.items())
        yield "search attributes", ", ".join(shown)
    if detail.static_summary:
        yield "summary", detail.static_summary
    if detail.static_details:
        yield "details", detail.static_details
    if detail.parent_workflow_id:
        yield "parent", detail.parent_workflow_id


def render_pending(activities: Sequence[PendingActivity], clock: Clock, style: Style) -> str:
    """Write which activities run or wait now, one a line."""
    columns = (
        Column(heading="ACTIVITY"),
        Column(heading="STATUS"),
        Column(heading="ATTEMPT", is_number=True),
        Column(heading="SINCE"),
        Column(heading="LAST FAILURE", folds=True),
        Column(heading="WORKER", rank=1),
    )
    rows = (
        (
            each.activity_type,
            Cell(text=tell_word(each.status), tone=_activity_tone(each.status)),
            _tell_attempt(each),
            _since(each, clock),
            _tell_last(each.last_failure) if each.last_failure else NO_TIME,
            each.worker or NO_TIME,
        )
        for each in activities
    )
    return render_table(columns, rows, style)


def _tell_last(failure: Failure) -> str:
    return cut(tell_root(failure), _LONGEST_CELL)


def _tell_attempt(activity: PendingActivity) -> str:
    most = activity.maximum_attempts
    return f"{activity.attempt} of {most}" if most else f"{activity.attempt}"


def _since(activity: PendingActivity, clock: Clock) -> str:
    is_started = activity.status is ActivityStatus.STARTED
    when = activity.started_at if is_started else activity.scheduled_at
    return NO_TIME if when is None else clock.since(when)


def _activity_tone(status: ActivityStatus) -> Tone:
    match status:
        case ActivityStatus.COMPLETED:
            return "good"
        case ActivityStatus.FAILED | ActivityStatus.TIMED_OUT:
            return "bad"
        case ActivityStatus.STARTED:
            return "busy"
    return "idle"


def tell_progress(detail: RunDetail) -> str:
    """Write on one line what goes on in a run now, apart from how long; not escaped."""
    if detail.pending_activities:
        return "; ".join(map(_tell_pending, detail.pending_activities))
    return "the workflow waits for a worker" if detail.history_length <= _BEGUN else "no activity runs"


def _tell_pending(activity: PendingActivity) -> str:
    told = f"{activity.activity_type} {tell_word(activity.status)}"
    if activity.attempt > 1:
        told += f", attempt {_tell_attempt(activity)}"
    if activity.last_failure is not None:
        told += f", last failed with {_tell_last(activity.last_failure)}"
    return told


def render_history(history: RunHistory, clock: Clock, style: Style) -> str:
    """Write what happened in a run: its ends, and its activities, one a line."""
    text = "".join(_write_lines(_list_ends(history), style))
    text += _render_end(history, style)
    return text + ("\n" + _render_activities(history, clock, style) if history.activities else "")


def _list_ends(history: RunHistory) -> Iterator[tuple[str, str]]:
    yield "workflow id", history.workflow_id
    yield "run id", history.run_id
    yield "status", tell_word(history.status)
    yield "events", f"{history.events:,}" + (" read, and there are more" if history.is_truncated else "")
    yield from _list_values(history)


def _render_activities(history: RunHistory, clock: Clock, style: Style) -> str:
    columns = (
        Column(heading="EVENT", is_number=True),
        Column(heading="ACTIVITY"),
        Column(heading="STATUS"),
        Column(heading="ATTEMPT", is_number=True),
        Column(heading=f"SCHEDULED ({clock.name})"),
        Column(heading="TOOK", is_number=True),
        Column(heading="INPUT", folds=True, rank=1),
        Column(heading="OUTCOME", folds=True),
    )
    rows = (
        (
            f"{each.scheduled_event_id or NO_TIME}",
            f"{each.activity_type} (local)" if each.is_local else each.activity_type,
            Cell(text=tell_word(each.status), tone=_activity_tone(each.status)),
            f"{each.attempt or NO_TIME}",
            clock.show(each.scheduled_at),
            _took(each, clock),
            cut(tell_values(each.input), _LONGEST_CELL),
            _outcome(each),
        )
        for each in history.activities
    )
    return render_table(columns, rows, style)


_ENDLESS: Final = (ActivityStatus.ABANDONED, ActivityStatus.UNKNOWN)
"""States of activities that do not go on, though no event says when that came to be."""


def _took(activity: ActivityEvent, clock: Clock) -> str:
    if activity.scheduled_at is None or activity.status in _ENDLESS:
        return NO_TIME
    return tell_length((activity.closed_at or clock.now) - activity.scheduled_at)


def _outcome(activity: ActivityEvent) -> str:
    if activity.failure is not None:
        return cut(tell_root(activity.failure), _LONGEST_CELL)
    if activity.status is ActivityStatus.COMPLETED:
        return cut(tell_value(activity.result), _LONGEST_CELL)
    return f"last failed with {_tell_last(activity.last_failure)}" if activity.last_failure else NO_TIME
