"""Each rule where it speaks, and where it is silent."""

from __future__ import annotations

import json

import pytest
from linting import HEAD, lint, lint_job, list_codes

from jobspec.diagnostics import RULES, Severity

DAILY = 'cron: "0 9 * * *"'
SPOKEN = [
    (
        'schedule: {cron: "0 9 1-7 * MON"}',
        "JS501",
        "4:23",
        "Temporal runs this only on days that match both `1-7` and `MON`, where crontab would on either",
    ),
    (
        'schedule: {cron: ["@daily", "0 0 9 1,15 * MON 2027 # first"]}',
        "JS501",
        "4:36",
        "Temporal runs this only on days that match both `1,15` and `MON`, where crontab would on either",
    ),
    (
        "schedule: {interval: 30m}\nrun: {execution_timeout: 3h20m}",
        "JS504",
        "5:26",
        "a run may last `3h20m` and the next is due after `30m`, so `overlap: skip` may leave out 6 in a row",
    ),
    (
        'schedule: {cron: ["0 9 * * MON-FRI", "20 9 * * FRI"]}\nrun: {run_timeout: 1h}',
        "JS504",
        "5:20",
        "a run may last `1h` and the next is due after `20m`, so `overlap: skip` may leave out 2 in a row",
    ),
    (
        'schedule: {cron: "0 9 * * MON-FRI", skip: [2027-12-24, 2027-12-25]}',
        "JS505",
        "4:56",
        "`2027-12-25`, a Saturday, excludes nothing, because the job never runs then",
    ),
    (
        'schedule: {cron: "0 9 * * *", skip: [{hour: 10}]}',
        "JS505",
        "4:38",
        "this entry of `skip` excludes nothing, because the job never runs then",
    ),
    (
        "schedule: {interval: 7d, skip: [{day_of_week: MON}]}",
        "JS505",
        "4:33",
        "this entry of `skip` excludes nothing, because the job never runs then",
    ),
    (
        "schedule: {interval: 7h}",
        "JS506",
        "4:22",
        "`7h` is no even part and no multiple of a day, so the job runs at other times each day",
    ),
    (
        "schedule: {interval: {every: 36h, offset: 1h}}",
        "JS506",
        "4:30",
        "`36h` is no even part and no multiple of a day, so the job runs at other times each day",
    ),
    (
        "schedule: {interval: 1h, timezone: Europe/Berlin}",
        "JS507",
        "4:36",
        "`timezone` has no meaning for an interval, which is counted from the beginning of 1970 in UTC",
    ),
    (
        'schedule: {cron: "0 9 * * *", timezone: EST}',
        "JS515",
        "4:41",
        "`EST` is an abbreviation, and its clock need not change when that of a city does",
    ),
    (
        'schedule: {cron: "0 9 * * *", timezone: Etc/GMT+5}',
        "JS515",
        "4:41",
        "`Etc/GMT+5` is 5 hours behind UTC: these names have the opposite of the usual sign",
    ),
    (
        "schedule: {interval: 1h, overlap: allow_all}",
        "JS509",
        "4:35",
        "with `allow_all` and the catch-up window of `365d`, the server's default, up to 8,760 runs start at once",
    ),
    (
        'schedule: {cron: "*/5 * * * *", overlap: allow_all, catchup_window: 9h}',
        "JS509",
        "4:69",
        "with `allow_all` and the catch-up window of `9h` up to 108 runs start at once after a long outage",
    ),
    (
        "schedule: {interval: 1h, catchup_window: 5s}",
        "JS510",
        "4:42",
        "the server takes the catch-up window of `5s` for one of `10s`",
    ),
    (
        "schedule: {interval: 10m, jitter: 10m}",
        "JS511",
        "4:35",
        "the jitter of `10m` is not shorter than the `10m` between two runs, to which the server cuts it",
    ),
    (
        'schedule: {cron: ["0 9 * * *", "5 9 * * *"], jitter: 6m}',
        "JS511",
        "4:54",
        "the jitter of `6m` is not shorter than the `5m` between two runs, to which the server cuts it",
    ),
    (f"input: {'x' * 600_000}", "JS513", "4:8", "the input has 586 KiB; Temporal warns from 512 KiB on"),
    (f"args: [&a {'x' * 800_000}, *a, *a]", "JS513", "4:7", "the input makes the job 2,344 KiB, more than the 2 MiB"),
    (f"run: {{memo: {{a: {'x' * 2100}}}}}", "JS513", "4:13", "the memo has 2.1 KiB; Temporal warns from 2 KiB on"),
]
SILENT = [
    "schedule: {calendar: {hour: 9, day_of_month: 1-7, day_of_week: MON}}",  # says both and means it
    'schedule: {cron: "0 9 1-7 * *"}',
    'schedule: {cron: "0 9 * * MON"}',
    'schedule: {cron: "0 9 */2 * MON"}',  # both must match in crontab too
    'schedule: {cron: "0 9 1-31 * MON"}',
    "schedule: {interval: 1h}\nrun: {execution_timeout: 2h}",  # one late run is what `skip` is for
    "schedule: {interval: 30m, overlap: buffer_one}\nrun: {execution_timeout: 3h}",
    'schedule: {cron: "0 9 * * MON", skip: [2020-12-28]}',  # was of use
    'schedule: {cron: "0 9 * * *", skip: [{month: 12, day_of_month: 25}]}',
    "schedule: {interval: 6h, skip: [2027-12-25, {hour: 6}]}",
    "schedule: {interval: 25h, skip: [{hour: 3, day_of_week: MON}]}  # jobspec: ignore[JS506] it moves through the day",
    "schedule: {interval: [6h, 1d, 2d, 1w, 90m, 7m]}",
    "schedule: {interval: 1h, timezone: UTC}",
    "schedule: {interval: 6h, timezone: Europe/Berlin, skip: [2027-12-25]}",  # that has a time zone
    'schedule: {cron: "0 9 * * *", timezone: Europe/Berlin}',
    "schedule: {interval: 1h, overlap: allow_all, catchup_window: 4d}",
    "schedule: {interval: 1h}",
    "schedule: {interval: 7d, overlap: allow_all}",
    "schedule: {interval: 1h, catchup_window: 10s}",
    "schedule: {interval: 10m, jitter: 9m}",
    'schedule: {cron: "0 9 * * MON-FRI", jitter: 23h}',
    'schedule: {cron: ["0 9 * * MON", "5 9 * * TUE"], jitter: 12h}',
    f"input: {'x' * 500_000}",
    f"run: {{memo: {{a: {'x' * 2000}}}}}",
    "owner: ''",
]


@pytest.mark.parametrize(("more", "code", "place", "message"), SPOKEN)
def test_a_rule_says_what_is_rarely_meant_at_its_place(more: str, code: str, place: str, message: str) -> None:
    [found] = lint_job(more)
    assert (found.code, str(found.location)) == (code, f"specs/a.yaml:{place}")
    assert found.message.startswith(message)
    assert (found.severity, found.job) == (Severity.WARNING, "orders")
    assert found.hint


@pytest.mark.parametrize("more", SILENT)
def test_what_may_well_be_meant_is_left_alone(more: str) -> None:
    assert lint_job(more) == ()


def test_the_hint_for_both_days_is_the_calendar_that_means_it() -> None:
    [found] = lint_job('schedule: {cron: "*/15 9 1,15 * MON"}')
    calendar = '{minute: "*/15", hour: 9, day_of_month: "1,15", day_of_week: MON}'
    assert found.hint == f"write `calendar: {calendar}` if both are meant, and two crons if either is"
    assert lint_job(f"schedule: {{calendar: {calendar}}}") == ()
    assert found.location.excerpt[found.location.column - 1 :][: found.location.length] == "1,15 * MON"


@pytest.mark.parametrize(
    ("every", "shorter", "longer"), [("7h", "6h", "8h"), ("13h", "12h", "1d"), ("30h", "1d", "2d")]
)
def test_the_hint_for_a_drifting_interval_names_even_ones(every: str, shorter: str, longer: str) -> None:
    [found] = lint_job(f"schedule: {{interval: {every}}}")
    assert found.hint.startswith(f"choose `{shorter}` or `{longer}`")
    assert lint_job(f"schedule: {{interval: [{shorter}, {longer}]}}") == ()


def test_an_owner_is_missed_where_the_project_demands_one() -> None:
    [found] = lint_job("owner: ''", require_owner=True)
    assert (found.code, str(found.location)) == ("JS512", "specs/a.yaml:1:7")
    assert lint_job("owner: team-orders", require_owner=True) == ()
    inherited = {"specs/defaults.yaml": "owner: team-orders\n", "specs/a.yaml": HEAD}
    assert lint(inherited, require_owner=True) == ()


def test_the_limit_of_caught_up_runs_is_the_projects() -> None:
    more = "schedule: {interval: 1d, overlap: allow_all}"
    assert list_codes(lint_job(more)) == ["JS509"]
    assert lint_job(more, max_catchup_runs=365) == ()


@pytest.mark.parametrize(
    ("schedule", "inherited"),
    [
        ("{interval: 1h}", "schedule: {timezone: Europe/Berlin}"),
        ("{interval: 7d}", "schedule: {skip: [2027-12-25]}"),
        ("{interval: 1m}", "run: {execution_timeout: 10m}"),
    ],
)
def test_what_is_made_for_all_jobs_may_not_fit_one(schedule: str, inherited: str) -> None:
    own = f"{inherited}\nschedule: {schedule}" if inherited.startswith("run") else f"{inherited[:-1]}, {schedule[1:]}"
    assert len(lint_job(own)) == 1
    files = {"specs/defaults.yaml": f"{inherited}\n", "specs/a.yaml": f"{HEAD}schedule: {schedule}\n"}
    assert lint(files) == ()


def test_what_several_jobs_inherit_is_said_once_where_it_stands() -> None:
    text = "defaults: {queue: q, workflow: {type: W}, schedule: {interval: 7h}}\njobs:\n"
    jobs = "".join(f"- {{name: {name}, schedule: {{}}}}\n" for name in "abcd")
    [found] = lint(text + jobs)
    assert (found.code, str(found.location), found.job) == ("JS506", "specs/a.yaml:1:64", None)
    assert [related.message for related in found.related] == [
        "inherited by `a`",
        "inherited by `b`",
        "inherited by `c` and 1 other job",
    ]


def test_of_two_values_that_do_not_fit_the_nearer_one_is_to_blame() -> None:
    files = {
        "specs/defaults.yaml": "schedule: {jitter: 40m}\n",
        "specs/a.yaml": HEAD + "schedule: {interval: 30m}\n",
    }
    [found] = lint(files)
    assert (found.code, str(found.location)) == ("JS511", "specs/a.yaml:4:22")
    assert [(each.message, str(each.location)) for each in found.related] == [
        ("`jitter` is set here", "specs/defaults.yaml:1:20")
    ]


def test_a_job_that_has_a_mistake_is_not_linted() -> None:
    assert list_codes(lint_job("schedule: {interval: 7h, jitter: 5}")) == ["JS210"]


def test_dates_and_other_values_of_toml_can_be_measured() -> None:
    text = 'name = "a"\nqueue = "q"\nworkflow = {type = "W"}\ninput = {day = 2027-01-01, at = 10:00:00}\n'
    assert lint({"specs/a.toml": text}) == ()


def test_every_rule_of_lint_is_a_warning_with_an_explanation() -> None:
    rules = {code: rule for code, rule in RULES.items() if code.startswith("JS5")}
    assert len(rules) == 19
    assert all(rule.severity is Severity.WARNING and len(rule.explanation) > 40 for rule in rules.values())


def test_many_jobs_in_one_minute_are_told_once_a_queue() -> None:
    jobs = [f'{{name: j{n}, schedule: {{cron: "{n % 2 * 30} {n // 2} * * *"}}}}' for n in range(8)]
    jobs += [f"{{name: k{n}, schedule: {{interval: 1d}}}}" for n in range(3)]
    text = "defaults: {queue: q, workflow: {type: W}}\njobs:\n" + "".join(f"- {job}\n" for job in jobs)
    [found] = lint(text, max_jobs_per_minute=3)
    assert (found.code, str(found.location)) == ("JS508", "specs/a.yaml:3:31")
    assert found.message == "4 jobs start in the same minute on the task queue `q`, at 00:00 UTC"
    assert [(each.message, each.location.line) for each in found.related] == [
        ("together with `k0`", 11),
        ("together with `k1`", 12),
        ("together with `k2`", 13),
    ]
    assert lint(text, max_jobs_per_minute=4) == ()


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("", 4),
        (", jitter: 59s", 4),
        (", jitter: 1m", 0),
        (", paused: true", 0),
        (", end_at: 2026-01-01T00:00:00Z", 0),
        (", start_at: 2027-03-01T00:00:00Z", 0),
        (", skip: [{hour: 9}]", 0),
    ],
)
def test_what_does_not_run_or_is_spread_is_in_no_herd(more: str, count: int) -> None:
    jobs = "".join(f'- {{name: j{n}, schedule: {{cron: "0 9 * * *"{more}}}}}\n' for n in range(4))
    found = lint("defaults: {queue: q, workflow: {type: W}}\njobs:\n" + jobs, max_jobs_per_minute=3)
    herds = [each for each in found if each.code == "JS508"]
    assert [int(each.message.partition(" ")[0]) for each in herds] == ([count] if count else [])


def test_queues_days_and_seasons_are_told_apart() -> None:
    jobs = [
        *('{queue: a, schedule: {cron: "0 9 * * MON"}}', '{queue: a, schedule: {cron: "0 9 * * TUE"}}'),
        *('{queue: b, schedule: {cron: "0 9 * * *"}}', '{queue: c, schedule: {cron: "0 9 * * *"}}'),
        '{queue: d, schedule: {cron: "0 9 1 * *"}}',
        '{queue: d, schedule: {cron: "0 10 * * *", timezone: Europe/Berlin}}',
    ]
    entries = [job.replace("{", f"{{name: j{n}, ", 1) for n, job in enumerate(jobs)]
    text = "defaults: {workflow: {type: W}}\njobs:\n" + "".join(f"- {entry}\n" for entry in entries)
    [found] = lint(text, max_jobs_per_minute=1)
    assert found.message == "2 jobs start in the same minute on the task queue `d`, at 09:00 UTC"


def test_other_full_minutes_are_counted() -> None:
    jobs = "".join(f'- {{name: j{n}, schedule: {{cron: "0 */8 * * *"}}}}\n' for n in range(2))
    text = "defaults: {queue: q, workflow: {type: W}}\njobs:\n" + jobs
    [found] = lint(text, max_jobs_per_minute=1)
    assert found.message.endswith("at 00:00 UTC, and more than 1 at 2 other times of the day")


def test_a_schedule_of_each_second_counts_once_a_minute() -> None:
    jobs = "".join(f"- {{name: j{n}, schedule: {{interval: 1s}}}}\n" for n in range(2))
    found = lint("defaults: {queue: q, workflow: {type: W}}\njobs:\n" + jobs, max_jobs_per_minute=1)
    assert [each.message.partition(" jobs")[0] for each in found] == ["2"]


def test_levels_turn_warnings_off_or_into_errors() -> None:
    more = "schedule: {interval: 7h, timezone: Europe/Berlin, end_at: 2026-01-01T00:00:00Z}"
    levels = {"JS506": "error", "JS507": "off"}
    found = lint_job(more, levels=levels)
    assert [(each.code, each.severity.value) for each in found] == [("JS506", "error"), ("JS240", "warning")]
    assert list_codes(lint_job(more, levels={"JS240": "off", "JS506": "off", "JS507": "warning"})) == ["JS507"]


def test_numbers_in_messages_are_exact() -> None:
    value = {"a": "ü" * 300_000}
    [found] = lint_job("input: " + json.dumps(value, ensure_ascii=False))
    assert "586 KiB" in found.message  # two bytes a letter
