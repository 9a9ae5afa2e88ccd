import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobspec.timing.calendar import Calendar, CalendarError, parse_field
from jobspec.timing.cron import CronError, format_cron, parse_cron

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/canonical.json").read_text())
SERVER_NAMES = {
    "second": "second",
    "minute": "minute",
    "hour": "hour",
    "day_of_month": "dayOfMonth",
    "month": "month",
    "day_of_week": "dayOfWeek",
    "year": "year",
}
# What the server takes and a spec must not say: time zones, intervals, signs, `#` without a space.
REFUSED_BY_CHOICE = ("CRON_TZ=", "TZ=", "@every", "*/+5 ", "+5 ", "0 9 * * 1#3")
REFUSED_WITH_SIX_FIELDS = "0 0 1 1 * *"  # other schedulers read it with seconds first


def read_calendar(structured: dict[str, Any]) -> Calendar:
    drawn: dict[str, Any] = {}
    for name, server_name in SERVER_NAMES.items():
        values: set[int] = set()
        for part in structured.get(server_name, []):
            start = part.get("start", 0)
            values.update(range(start, max(part.get("end", 0), start) + 1, part.get("step", 1)))
        drawn[name] = tuple(sorted(values)) or None
    return replace(Calendar(), **drawn)


def list_recorded(kind: str) -> list[Any]:
    found = {}
    for case in RECORDED:
        spec = case["schedule_in"].get("spec", {})
        entries = spec.get(kind, [])
        if len(entries) == 1 and set(spec) <= {kind, "timezoneName"} and spec.get("timezoneName", "UTC") == "UTC":
            found[json.dumps(entries[0])] = (entries[0], case.get("schedule_out"))
    return list(found.values())


@pytest.mark.parametrize(("text", "accepted"), list_recorded("cronString"))
def test_recorded_crons_compile_as_on_the_server(text: str, accepted: dict[str, Any] | None) -> None:
    if accepted is None and "comment is too long" in json.dumps(find_rejection(text)):
        assert len(parse_cron(text).comment.encode()) <= 200
    elif accepted is None or text.startswith(REFUSED_BY_CHOICE) or text == REFUSED_WITH_SIX_FIELDS:
        with pytest.raises(CronError):
            parse_cron(text)
    else:
        [structured] = accepted["spec"]["structuredCalendar"]
        assert parse_cron(text).values == read_calendar(structured).values


def find_rejection(text: str) -> Any:
    return [
        case.get("rejected") for case in RECORDED if case["schedule_in"].get("spec", {}).get("cronString") == [text]
    ]


@pytest.mark.parametrize(("calendar", "accepted"), list_recorded("calendar"))
def test_recorded_calendars_compile_as_on_the_server(calendar: dict[str, str], accepted: dict[str, Any] | None) -> None:
    given = {name: calendar[SERVER_NAMES[name]] for name in SERVER_NAMES if calendar.get(SERVER_NAMES[name])}
    if accepted is None:
        if "comment" in calendar:
            pytest.skip("refused for its comment")
        with pytest.raises(CalendarError):
            [parse_field(name, text) for name, text in given.items()]
    else:
        [structured] = accepted["spec"]["structuredCalendar"]
        parsed: dict[str, Any] = {name: parse_field(name, text) for name, text in given.items()}
        assert replace(Calendar(), **parsed).values == read_calendar(structured).values


def test_five_six_and_seven_fields() -> None:
    assert parse_cron("30 9 * * *").values == Calendar(minute=(30,), hour=(9,)).values
    assert parse_cron("30 9 * * * 2027").values == Calendar(minute=(30,), hour=(9,), year=(2027,)).values
    assert parse_cron("15 30 9 * * * *").values == Calendar(second=(15,), minute=(30,), hour=(9,)).values


@pytest.mark.parametrize(
    ("alias", "cron"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * SUN"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly # on the hour", "0 * * * *"),
    ],
)
def test_aliases(alias: str, cron: str) -> None:
    assert parse_cron(alias).values == parse_cron(cron).values
    assert parse_cron(alias).comment == alias


def test_the_comment_is_the_text() -> None:
    assert parse_cron("  0 9 * * MON-FRI  # mornings ").comment == "0 9 * * MON-FRI  # mornings"


def test_a_long_text_is_cut_between_characters() -> None:
    comment = parse_cron("0 9 * * * # " + "ä" * 200).comment
    assert comment == "0 9 * * * # " + "ä" * 94
    assert len(comment.encode()) == 200
    assert parse_cron("0 9 * * * # x" + "ä" * 200).comment.endswith("xä" + "ä" * 92)


@pytest.mark.parametrize(
    ("text", "marked", "message", "hint"),
    [
        ("", None, "is empty", "`0 9 * * MON-FRI`"),
        ("# 0 9 * * *", None, "is empty", ""),
        ("0 9 * *", None, "has 4 fields; cron takes 5, 6 or 7", "minute hour"),
        ("0", None, "has 1 field;", ""),
        ("0 0 9 * * * * *", None, "has 8 fields", ""),
        ("0 25 * * *", "25", "hour `25` is outside 0-23", ""),
        ("0 9 * * FRI-MON", "FRI-MON", "ends before it starts", "`FRI-SAT,SUN-MON`"),
        ("0 9 ? * MON", "?", "is not understood", "write `*`"),
        ("0 9 L * *", "L", "is not understood", "no `L`"),
        ("0 9 15W * *", "15W", "is not understood", "no `W`"),
        ("0 9 * * 1#3", "1#3", "silently cut", "day of week `1` and day of month `15-21`"),
        ("0 9 * * *#daily", "*#daily", "silently cut", "put a space before a comment"),
        ("CRON_TZ=Europe/Berlin 0 9 * * *", "CRON_TZ=Europe/Berlin", "time zone", "`timezone: Europe/Berlin`"),
        ("TZ=UTC 0 9 * * *", "TZ=UTC", "time zone", "`timezone: UTC`"),
        ("CRON_TZ= 0 9 * * *", "CRON_TZ=", "time zone", "`timezone: UTC`"),
        ("@every 90m", "@every 90m", "is an interval", "`interval: 1h30m`"),
        ("@every 14h/3h", "@every 14h/3h", "is an interval", "`interval: {every: 14h, offset: 3h}`"),
        ("@every nonsense", "@every nonsense", "is an interval", "`interval: 1h`"),
        ("@reboot", "@reboot", "is not known", "nothing restarts"),
        ("@Daily", "@Daily", "is not known", "write `@daily`"),
        ("@fortnightly", "@fortnightly", "is not known", "@weekly"),
        ("@daily 5", "5", "nothing may follow `@daily`", ""),
        ("0\u00a09 * * *", None, "has 4 fields", ""),
        ("\uff10 9 * * *", "\uff10", "is not understood", ""),
    ],
)
def test_what_is_no_cron_says_why_and_where(text: str, marked: str | None, message: str, hint: str) -> None:
    with pytest.raises(CronError) as caught:
        parse_cron(text)
    error = caught.value
    assert message in str(error)
    assert hint in error.hint
    assert (None if error.span is None else text[slice(*error.span)]) == marked


def test_an_error_names_the_field() -> None:
    with pytest.raises(CronError) as caught:
        parse_cron("0 9 * 13 *")
    assert caught.value.field == "month"


@pytest.mark.parametrize(
    "text",
    [
        "0 9 * * MON-FRI",
        "*/15 * * * *",
        "0 0 1,15 * *",
        "0 0 1 1 * 2027",
        "30 0 9 * * * *",
        "* * * * * * *",
        "5-50/15 9-17 * */3 SUN,SAT",
    ],
)
def test_a_calendar_is_written_as_the_shortest_cron(text: str) -> None:
    assert format_cron(replace(parse_cron(text), comment="")) == text
    assert format_cron(replace(parse_cron(text), comment="0 3 * * *")) == text


def test_the_text_that_the_user_wrote_is_kept() -> None:
    assert format_cron(parse_cron("0 9 * * 1-5 # mornings")) == "0 9 * * 1-5 # mornings"
    assert format_cron(Calendar(comment="@daily")) == "@daily"


def test_what_cron_cannot_say_is_not_said() -> None:
    assert format_cron(Calendar(minute=())) is None
    assert format_cron(Calendar(day_of_month=(99,))) is None
    assert format_cron(Calendar(day_of_week=(7,))) is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "0 */5 * * * *",
            "Temporal reads the last as a year, many other schedulers read the first as seconds",
            "write `*/5 * * * *` (288 times a day) if seconds come first, or `0 */5 * * *` (5 times a day) if a year",
        ),
        ("0 30 9 * * *", "it makes sense only with seconds first", "write `30 9 * * *` (once a day)"),
        ("15 30 9 ? * 1-5", "it makes sense only with seconds first", "write `15 30 9 * * 1-5 *` (once a day)"),
    ],
)
def test_six_fields_with_seconds_first_are_refused_with_both_readings(text: str, message: str, hint: str) -> None:
    with pytest.raises(CronError, match=re.escape(f"`{text}` has six fields")) as caught:
        parse_cron(text)
    assert message in str(caught.value)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("text", ["0 9 * * MON-FRI *", "0 9 * * MON 2027", "30 0 9 * * 2027", "0 0 1 1 * */2"])
def test_six_fields_that_only_make_sense_with_a_year_last_are_read_so(text: str) -> None:
    *_, year = text.split()
    assert parse_cron(text).year == parse_field("year", year)
