"""Apply then plan is empty, and what must hold of every write, for real files on both back ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from projects import job
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest

from jobspec.planning.apply import Assignment, WriteStatus, apply_plan
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from projects import Project
    from temporalio.client import Client

both_marks = pytest.mark.parametrize("attribute_registered", [True, False], indirect=True)

RICH_YAML = """\
defaults:
  queue: q
  owner: team-a
  run: {execution_timeout: 2h}
jobs:
- name: cron
  workflow: shop.workflows:Cron
  input: {region: eu, batch_size: 500, deep: {list: [1, 1.0, true, null, "ä☃"]}}
  schedule: {cron: ["0 9 * * MON-FRI # mornings", "@daily", "*/7 1-5 1,15 */2 0,7"], timezone: America/New_York}
- name: cron7
  workflow: {type: cron-7}
  args: [eu, 5, null]
  schedule: {cron: "30 0 9 * * * 2030-2040/2", jitter: 90s, overlap: buffer_all, catchup_window: 1h}
- name: calendars
  workflow: {type: W, class: shop.workflows:W}
  input: null
  schedule:
    calendar: [{hour: 9, day_of_week: MON-FRI, comment: mornings}, {second: "*/15", month: JAN-MAR, year: 2090}]
    skip: [2026-12-25, {month: 1, day_of_month: 1}, {hour: "0-6", day_of_week: 7}]
    timezone: Australia/Lord_Howe
    start_at: 2027-01-01T00:00:00+02:00
    end_at: 2099-01-01T00:00:00.123456Z
    pause_on_failure: true
- name: intervals
  workflow: {type: W}
  schedule: {interval: [1h, {every: 1d, offset: 5m}, 90s], overlap: terminate_other, catchup_window: 10s}
- name: options
  workflow: {type: W}
  run:
    workflow_id: other/id
    run_timeout: 1h
    task_timeout: 1500ms
    retry_policy:
      initial_interval: 1500ms
      backoff_coefficient: 1.5
      maximum_interval: 1m
      maximum_attempts: 3
      non_retryable_error_types: [Bad, Worse, Bad]
    memo: {team: orders, nested: {a: [1, null]}}
    search_attributes: {Region: eu, Shops: [a, b], Size: 5, Share: 0.5, Hot: true, Since: "2026-01-01T00:00:00Z"}
    static_summary: Orders of the **last hour**
    static_details: "one\\ntwo"
    priority: {priority_key: 2, fairness_key: eu, fairness_weight: 2.5}
  schedule: {cron: "@hourly", paused: Waiting for the new warehouse}
- name: retry-defaults
  workflow: {type: W}
  run: {retry_policy: {}, memo: {}, priority: {}}
  schedule: {interval: 1h, paused: true}
"""

RICH_TOML = """\
[[jobs]]
name = "toml"
queue = "q"
workflow = "shop.workflows:Toml"
input = {at = 2026-01-01T00:00:00Z, day = 2026-01-01, ratio = 1.0}
run = {static_summary = "from TOML"}
[jobs.schedule]
cron = "0 0 29 2 *"
timezone = "Europe/Berlin"
skip = ["2028-02-29"]
"""

ATTRIBUTES = {
    "Region": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Shops": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Size": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Share": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Hot": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Since": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}
RICH_NAMES = ["calendars", "cron", "cron7", "intervals", "options", "retry-defaults", "toml"]


async def register(client: Client) -> None:
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=ATTRIBUTES)
    await eventually(lambda: client.operator_service.add_search_attributes(request))


@both_marks
async def test_what_was_applied_is_not_planned_again_and_not_written_again(project: Project, client: Client) -> None:
    await register(client)
    project.write(RICH_YAML)
    project.write(RICH_TOML, to="specs/more/jobs.toml")
    assert await project.apply() == dict.fromkeys(RICH_NAMES, "create done")
    before = {name: await project.snapshot(name) for name in RICH_NAMES}
    planned = await project.plan()
    assert (planned.plan.changes, planned.plan.held, planned.plan.unchanged) == ((), (), len(RICH_NAMES))
    assert await project.apply() == {}
    assert {name: await project.snapshot(name) for name in RICH_NAMES} == before


async def test_the_command_says_no_changes_after_an_apply(project: Project, client: Client) -> None:
    await register(client)
    project.write(RICH_YAML)
    project.write(RICH_TOML, to="specs/more/jobs.toml")
    applied = await project.run("apply", "--yes")
    assert (applied.code, applied.stdout.splitlines()[-1]) == (0, f"{len(RICH_NAMES)} created"), applied.text
    before = {name: await project.snapshot(name) for name in RICH_NAMES}
    again = await project.run("apply", "--yes")
    assert (again.code, again.stdout.splitlines()[0]) == (0, "No changes."), again.text
    assert {name: await project.snapshot(name) for name in RICH_NAMES} == before


async def test_a_plan_right_after_the_first_apply_is_empty_although_lists_lag_behind(project: Project) -> None:
    project.write(*(job(f"job-{number:02}") for number in range(40)))
    planned = await project.plan()
    assignment = Assignment(schedules=Schedules(project.client), desired=planned.desired, terms=planned.terms)
    assert {outcome.status async for outcome in apply_plan(planned.plan, assignment)} == {WriteStatus.DONE}
    at_once = (await project.plan()).plan
    assert (at_once.changes, at_once.unchanged) == ((), 40)
