from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobspec.errors import UsageError
from jobspec.results import Status, TimeRange
from jobspec.temporal.runs.visibility import (
    check_page_size,
    make_count_query,
    make_list_query,
    open_token,
    read_status_word,
    seal_token,
)

MOMENT = datetime(2026, 3, 29, 3, 30, 0, 250, tzinfo=timezone(timedelta(hours=2)))


def test_a_job_is_found_by_its_whole_name() -> None:
    assert make_list_query("orders", (), TimeRange()) == "TemporalScheduledById = 'orders'"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("it's", "'it''s'"), ("' OR '' = '", "''' OR '''' = '''"), ("a\\", "'a\\\\'"), ("\\'", "'\\\\'''"), ("", "''")],
)
def test_no_name_can_end_its_quotes(name: str, quoted: str) -> None:
    assert make_list_query(name, (), TimeRange()) == f"TemporalScheduledById = {quoted}"


def test_states_are_named_as_the_server_does() -> None:
    query = make_list_query("a", [Status.TIMED_OUT, Status.CONTINUED_AS_NEW, Status.CANCELED], TimeRange())
    assert query.endswith("AND ExecutionStatus IN ('Canceled', 'ContinuedAsNew', 'TimedOut')")
    known = set(Status) - {Status.UNKNOWN}
    named = make_list_query("a", known, TimeRange()).partition("IN (")[2].strip(")").split(", ")
    assert {read_status_word(word.strip("'")) for word in named} == known
    with pytest.raises(UsageError, match="`unknown`"):
        make_list_query("a", [Status.RUNNING, Status.UNKNOWN], TimeRange())


@pytest.mark.parametrize("word", ["Napping", "running", "", None, 3])
def test_a_state_of_a_newer_server_is_unknown(word: object) -> None:
    assert read_status_word(word) is Status.UNKNOWN


def test_a_range_holds_all_of_its_last_microsecond() -> None:
    query = make_list_query("a", (), TimeRange(since=MOMENT, until=MOMENT))
    _, since, until = query.split(" AND ")
    assert since == "StartTime >= '2026-03-29T01:30:00.000250000Z'"
    assert until == "StartTime <= '2026-03-29T01:30:00.000250999Z'"
    assert make_list_query("a", (), TimeRange(until=MOMENT)).endswith(until)


def test_a_range_without_meaning_is_refused() -> None:
    with pytest.raises(UsageError, match="after its end"):
        make_list_query("a", (), TimeRange(since=MOMENT, until=MOMENT.astimezone(UTC) - timedelta(microseconds=1)))
    naive = MOMENT.replace(tzinfo=None)
    for time_range in (TimeRange(since=naive), TimeRange(until=naive)):
        with pytest.raises(UsageError, match="offset"):
            make_list_query("a", (), time_range)
    with pytest.raises(UsageError, match="offset"):
        make_count_query("a", naive)


def test_counting_leaves_out_only_what_ended_before() -> None:
    assert make_count_query("a", None) == "TemporalScheduledById = 'a' GROUP BY ExecutionStatus"
    counted = "(CloseTime >= '2026-03-29T01:30:00.000250000Z' OR CloseTime IS NULL)"
    assert make_count_query("a", MOMENT) == f"TemporalScheduledById = 'a' AND {counted} GROUP BY ExecutionStatus"


def test_pages_have_sizes_that_the_server_can_give() -> None:
    assert [check_page_size(size) for size in (1, 100, 1000)] == [1, 100, 1000]
    for size in (0, -1, 1001):
        with pytest.raises(UsageError, match=f"page size {size} "):
            check_page_size(size)


def test_a_page_token_is_taken_whole_and_for_its_own_list_only() -> None:
    listed = ("n", "a", [Status.FAILED, Status.RUNNING])
    token = seal_token(b"where the page ended", listed)
    assert open_token(token, ("n", "a", [Status.RUNNING, Status.FAILED])) == b"where the page ended"
    assert seal_token(b"", listed) == open_token(b"", listed) == b""
    others = (("m", "a", listed[2]), ("n", "b", listed[2]), ("n", "a", ()))
    parts = [(token[:length], listed) for length in range(1, len(token))]
    for wrong, query in [*((token, other) for other in others), *parts, (token[1:], listed), (token + b"x", listed)]:
        with pytest.raises(UsageError, match="page token is not of this list"):
            open_token(wrong, query)
