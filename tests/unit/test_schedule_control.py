from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from typing import Any

import pytest

from jobspec.errors import NoScheduleError, UsageError
from jobspec.library.owned_job import OwnedJob
from jobspec.library.schedule_control import backfill_schedule, list_backfill_times, make_note, trigger_schedule
from jobspec.planning.pauses import Pause, decide_pause, read_retirement, retire, spec_reason
from jobspec.spec.model import JobSpec

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def job(**schedule: Any) -> JobSpec:
    return JobSpec.model_validate(
        {"name": "a", "queue": "q", "workflow": {"type": "W"}, "schedule": schedule or {"interval": "1h"}}
    )


def test_a_note_says_who_and_why() -> None:
    assert make_note("paused", " the warehouse moves ", "ann@shop") == "the warehouse moves (paused by ann@shop)"
    assert make_note("resumed", "", "ann@shop") == "resumed by ann@shop"


@pytest.mark.parametrize(
    "note",
    [
        decide_pause(Pause(paused=False), "x").note,
        decide_pause(Pause(paused=False), True).note,
        retire(Pause(paused=False), now=START, grace=HOUR).note,
    ],
)
def test_an_operators_reason_cannot_be_taken_for_a_note_of_ours(note: str) -> None:
    assert spec_reason(Pause(paused=True, note=note)) or read_retirement(Pause(paused=True, note=note))
    with pytest.raises(UsageError, match="cannot begin with `jobspec:`"):
        make_note("paused", note, "ann")


def test_a_reason_that_is_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="shorter reason"):
        make_note("paused", "x" * 990, "ann@shop")


def test_both_ends_of_a_backfill_count() -> None:
    assert list(list_backfill_times(job(), START, START + 2 * HOUR)) == [START, START + HOUR, START + 2 * HOUR]


def test_what_is_before_or_after_by_a_fraction_of_a_second_does_not() -> None:
    instant = timedelta(microseconds=1)
    assert list(list_backfill_times(job(), START + instant, START + 2 * HOUR - instant)) == [START + HOUR]


def test_times_may_have_any_zone_and_begin_before_there_were_any() -> None:
    east = timezone(timedelta(hours=9))
    first = datetime.min.replace(tzinfo=UTC)
    assert next(list_backfill_times(job(), first, START)).year == 1970
    assert list(list_backfill_times(job(), START - HOUR, START.astimezone(east))) == [START - HOUR, START]


def test_times_are_computed_as_they_are_asked_for() -> None:
    times = list_backfill_times(job(interval="1s"), datetime(1970, 1, 1, tzinfo=UTC), START)
    assert len(list(islice(times, 10))) == 10


def test_what_is_skipped_is_not_made_up_for() -> None:
    spec = job(interval="1h", skip=["2026-03-01"], end_at="2026-03-02T01:00:00Z")
    assert list(list_backfill_times(spec, START, START + 48 * HOUR)) == [START + 24 * HOUR, START + 25 * HOUR]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (START.replace(tzinfo=None), START + HOUR, "the start of a backfill needs a time zone"),
        (START, (START + HOUR).replace(tzinfo=None), "the end of a backfill needs a time zone"),
        (START, START, "before it ends"),
        (START + HOUR, START, "before it ends"),
        (START, datetime.now(UTC) + HOUR, "still to come"),
    ],
)
def test_times_that_make_no_backfill_are_refused_at_once(start: datetime, end: datetime, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        list_backfill_times(job(), start, end)


def test_a_job_on_demand_has_nothing_to_make_up_for() -> None:
    spec = JobSpec.model_validate({"name": "a", "queue": "q", "workflow": {"type": "W"}})
    with pytest.raises(NoScheduleError, match="the job `a` has no schedule"):
        list_backfill_times(spec, START, START + HOUR)


async def test_an_overlap_policy_that_there_is_not_is_named_before_anything_is_asked() -> None:
    nobody: Any = None
    unknown: Any = "allow_al"
    owned = OwnedJob(spec=job(), project="shop")
    with pytest.raises(UsageError, match="there is no overlap policy `allow_al`; write `skip`, "):
        await trigger_schedule(nobody, owned, overlap=unknown)
    with pytest.raises(UsageError, match="there is no overlap policy `allow_al`"):
        await backfill_schedule(nobody, owned, start=START, end=START + HOUR, overlap=unknown)
