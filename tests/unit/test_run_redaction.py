"""Runs without the values that a project never shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from jobspec.render.clock import Clock
from jobspec.render.run_redaction import redact_detail, redact_history
from jobspec.render.run_text import render_history
from jobspec.render.tables import Style
from jobspec.results import (
    ActivityEvent,
    ActivityStatus,
    Raw,
    RunDetail,
    RunHistory,
    RunSummary,
    Status,
)
from jobspec.spec.redaction import REDACTED, PlanSettings, Redaction

NOW = datetime(2026, 7, 1, 12, 0, 12, tzinfo=UTC)


BEGUN = NOW - timedelta(seconds=12)


CLOCK = Clock(zone=ZoneInfo("Europe/Berlin"), name="Europe/Berlin", now=NOW)


PLAIN = Style()


RUN = RunSummary(
    workflow_id="orders-1",
    run_id="r1",
    workflow_type="SyncOrders",
    task_queue="q",
    status=Status.RUNNING,
    started_at=BEGUN,
    scheduled_for=BEGUN,
)


def test_what_the_project_never_shows_is_left_out_of_runs() -> None:
    paths = ("input.pin", "run.memo.*.key", "run.search_attributes.Region", "run.static_details")
    redaction = Redaction.of(PlanSettings(redact=paths))
    detail = RunDetail(
        summary=RUN,
        history_length=3,
        memo={"note": {"key": "k", "team": "t"}, "sealed": Raw(encoding="binary/encrypted", data=b"1")},
        search_attributes={"Region": "eu", "TemporalScheduledById": "orders"},
        static_summary="orders",
        static_details="",
    )
    shown = redact_detail(detail, redaction)
    assert shown.memo == {"note": {"key": REDACTED, "team": "t"}, "sealed": REDACTED}
    assert shown.search_attributes == {"Region": REDACTED, "TemporalScheduledById": "orders"}
    assert (shown.static_summary, shown.static_details) == ("orders", "")
    assert redact_detail(replace(detail, static_details="d"), redaction).static_details == REDACTED
    activity = ActivityEvent(
        scheduled_event_id=5,
        activity_id="1",
        activity_type="fetch",
        status=ActivityStatus.COMPLETED,
        input=("eu", {"pin": 1}),
        result={"pin": 1},
    )
    history = RunHistory(
        workflow_id="w",
        run_id="r",
        status=Status.COMPLETED,
        input=({"pin": 0, "n": 1}, {"pin": 2}),
        activities=(activity,),
    )
    told = redact_history(history, redaction)
    assert told.input == ({"pin": REDACTED, "n": 1}, {"pin": 2})
    assert told.activities == (replace(activity, input=("eu", {"pin": REDACTED})),)
    nothing = Redaction()
    assert redact_detail(detail, nothing) == detail
    assert redact_history(history, nothing) == history


@dataclass
class Login:
    pin: int
    user: str = "ann"


class Opaque:
    def __repr__(self) -> str:
        return "Opaque(pin=1234)"


def test_objects_of_a_projects_own_converter_show_no_more_than_plain_values() -> None:
    history = RunHistory(workflow_id="w", run_id="r", status=Status.COMPLETED, input=(Login(1234), Opaque()))
    told = redact_history(history, Redaction.of(PlanSettings(redact=("args.*.pin",))))
    assert told.input == ({"pin": REDACTED, "user": "ann"}, REDACTED)
    assert "1234" not in render_history(told, CLOCK, PLAIN)
