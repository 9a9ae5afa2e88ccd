"""Runs that a change of the clock takes, moves or doubles, said with the date."""

from __future__ import annotations

import pytest
from linting import lint_job

CASES = [
    (
        "Europe/Berlin",
        "30 2 * * *",
        "JS502",
        "there is no run at 02:30 on 2027-03-28, when the clocks of `Europe/Berlin` go forward from 02:00 to 03:00",
    ),
    (
        "America/New_York",
        "30 1 * * *",
        "JS503",
        "the run at 01:30 comes twice on 2027-11-07, when the clocks of `America/New_York` go back from 02:00 to 01:00",
    ),
    (  # east of Greenwich it is the hour before the repeated one that runs again
        "Europe/Berlin",
        "30 1 * * *",
        "JS503",
        "the run at 01:30 comes once more at 02:30 on 2027-10-31, when the clocks of `Europe/Berlin` go back from",
    ),
    (
        "Europe/Berlin",
        "*/10 2 * * *",
        "JS502",
        "there are no runs from 02:00 to 02:50 on 2027-03-28, when the clocks of `Europe/Berlin` go forward from",
    ),
    (
        "America/New_York",
        "0 2,14 * * *",
        "JS502",
        "there is no run at 02:00 on 2027-03-14, when the clocks of `America/New_York` go forward from 02:00 to 03:00",
    ),
    (  # clocks set by half an hour
        "Australia/Lord_Howe",
        "15 2 * * *",
        "JS502",
        "the run at 02:15 comes at 02:45 on 2027-10-03, when the clocks of `Australia/Lord_Howe` go forward from",
    ),
    (
        "Africa/Cairo",
        "0 0 * * *",
        "JS502",
        "there is no run at 00:00 on 2027-04-30, when the clocks of `Africa/Cairo` go forward from 00:00 to 01:00",
    ),
]


@pytest.mark.parametrize(("timezone", "cron", "code", "message"), CASES)
def test_what_the_next_change_does_is_said_with_its_date(timezone: str, cron: str, code: str, message: str) -> None:
    [found] = lint_job(f'schedule: {{cron: "{cron}", timezone: {timezone}}}')
    assert found.code == code
    assert found.message.startswith(message)
    assert str(found.location) == "specs/a.yaml:4:18"


@pytest.mark.parametrize(
    "schedule",
    [
        'cron: "30 2 * * *"',
        'cron: "30 2 * * *", timezone: Asia/Tokyo',
        'cron: "30 4 * * *", timezone: Europe/Berlin',
        'cron: "30 2 * * MON-SAT", timezone: Europe/Berlin',  # clocks are set on Sundays
        'cron: "* * * * *", timezone: Europe/Berlin',
        'cron: "*/15 * * * *", timezone: America/New_York',
        'cron: "0 */2 * * *", timezone: Europe/Berlin',  # the next run is two hours away
        'cron: "0 2,3 * * *", timezone: Europe/Berlin',
        'cron: ["30 2 * * *", "45 3 * * *"], timezone: Europe/Berlin',
        'cron: "30 2 * * *", timezone: Europe/Berlin, skip: [2027-03-28]',
        'cron: "30 2 * * *", timezone: Europe/Berlin, start_at: 2027-04-01T00:00:00Z',
        'cron: "30 2 * * *", timezone: Europe/Berlin, end_at: 2027-03-01T00:00:00Z',
        "interval: 1d",
    ],
)
def test_nothing_is_said_where_nothing_is_lost(schedule: str) -> None:
    assert [found for found in lint_job(f"schedule: {{{schedule}}}") if found.code in {"JS502", "JS503"}] == []


def test_the_entry_that_is_bent_is_the_place() -> None:
    [found] = lint_job('schedule: {cron: ["0 9 * * *", "30 2 * * *"], timezone: Europe/Berlin}')
    assert (found.code, str(found.location)) == ("JS502", "specs/a.yaml:4:32")
    [found] = lint_job("schedule:\n  calendar: [{hour: 9}, {hour: 2}]\n  timezone: Europe/Berlin")
    assert (found.code, str(found.location)) == ("JS502", "specs/a.yaml:5:25")


def test_one_job_may_lose_a_run_and_double_another() -> None:
    found = lint_job('schedule: {cron: ["30 2 * * *", "30 8 * * *", "30 1 1-31 10 *"], timezone: Europe/Berlin}')
    assert [(each.code, each.location.column) for each in found] == [("JS502", 19), ("JS503", 47)]


def test_several_changes_of_a_year_are_one_warning() -> None:
    calendars = "[{hour: 2, minute: 30, month: [2, 3]}]"
    [found] = lint_job(f"schedule: {{calendar: {calendars}, timezone: Africa/Casablanca}}")
    assert found.message.startswith("there is no run at 02:30 on 2027-03-14, when the clocks")
