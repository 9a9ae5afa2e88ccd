from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.schedule.v1 import ScheduleActionResult

from jobspec.temporal.runs.recent_runs import list_recent_runs

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def test_runs_are_put_in_order_and_what_started_nothing_is_left_out() -> None:
    def action(workflow_id: str, seconds: int) -> ScheduleActionResult:
        made = ScheduleActionResult()
        made.schedule_time.FromDatetime(EPOCH + timedelta(seconds=seconds))
        made.actual_time.FromDatetime(EPOCH + timedelta(seconds=seconds))
        made.start_workflow_result.workflow_id = workflow_id
        return made

    listed = list_recent_runs([action("c", 3), action("a", 1), action("", 4), action("b", 2)])
    assert [(run.workflow_id, run.status) for run in listed] == [("a", None), ("b", None), ("c", None)]
