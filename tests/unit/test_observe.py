"""When a list may be believed, and what is described otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from recorded import SHOP, Recorded, listed, live

from jobspec.errors import (
    ForeignScheduleError,
    JobspecError,
    MalformedScheduleError,
    NamespaceNotFoundError,
    RequestError,
    UnreachableError,
)
from jobspec.planning.observe import SAMPLE, describe, judge_list, observe
from jobspec.temporal.schedules.live_schedule import Listed

MANY = [f"job-{number:02}" for number in range(3 * SAMPLE)]


# The rule


def test_a_list_that_shows_something_of_ours_is_not_believed() -> None:
    scope = judge_list(listed("job-00"), MANY, owners=SHOP)
    assert (scope.sample, scope.find_absent(())) == (frozenset(), frozenset())
    assert scope.names == set(MANY)


def test_a_list_that_shows_nothing_of_ours_is_believed_after_a_sample() -> None:
    scope = judge_list(listed("foreign", project=None), MANY, owners=SHOP)
    assert scope.sample == set(MANY[:SAMPLE])
    assert scope.find_absent(()) == set(MANY)
    assert scope.find_absent({MANY[0]}) == frozenset()


def test_a_former_id_of_the_project_is_ours() -> None:
    assert judge_list(listed("old", project="store"), MANY, owners=SHOP).sample == frozenset()


def test_few_names_are_all_described() -> None:
    scope = judge_list((), MANY[:SAMPLE], owners=SHOP)
    assert (scope.sample, scope.find_absent(())) == (frozenset(), frozenset())


def test_what_the_list_shows_is_never_absent() -> None:
    scope = judge_list(listed(MANY[0], MANY[1], project="payroll"), MANY, owners=SHOP)
    assert scope.find_absent(()) == set(MANY[2:])
    assert scope.foreign == {MANY[0], MANY[1]}


def test_what_was_described_before_needs_no_list() -> None:
    scope = judge_list((), MANY, owners=SHOP, known=MANY[SAMPLE:])
    assert (scope.sample, scope.unlisted) == (frozenset(), frozenset(MANY[:SAMPLE]))


def test_what_is_ours_matters_whether_it_was_asked_about_or_not() -> None:
    scope = judge_list(listed("orphan"), ["a"], owners=SHOP)
    assert scope.names == {"a", "orphan"}
    assert scope.foreign == frozenset()


names = st.sets(st.sampled_from([*MANY, "other"]))
marks = st.sampled_from(["shop", "store", "payroll", "", None])
lists = st.dictionaries(st.sampled_from([*MANY, "other"]), marks).map(
    lambda found: tuple(Listed(name=name, project=project) for name, project in found.items())
)


@given(lists, names, names, names)
def test_nothing_is_absent_that_could_be_there(
    found: tuple[Listed, ...], asked: set[str], known: set[str], answers: set[str]
) -> None:
    scope = judge_list(found, asked, owners=SHOP, known=known)
    absent = scope.find_absent(answers & scope.sample)
    assert absent <= asked - {entry.name for entry in found} - known
    assert not absent or not any(entry.project in SHOP for entry in found)
    assert not absent or not answers & scope.sample
    assert scope.sample <= scope.unlisted
    assert len(scope.sample) in (0, SAMPLE)
    assert scope.names == asked | {entry.name for entry in found if entry.project in SHOP}


# Reading by it


async def test_of_many_new_jobs_only_a_sample_is_described() -> None:
    namespace = Recorded(pages=[listed("foreign", MANY[3], project=None)], schedules={MANY[3]: live(MANY[3])})
    found = await observe(namespace.reader, MANY, owners=SHOP)
    assert found.keys() == {MANY[3]}
    assert namespace.described == [tuple(name for name in MANY if name != MANY[3])[:SAMPLE], (MANY[3],)]


async def test_a_list_that_lags_behind_a_first_apply_is_not_believed() -> None:
    namespace = Recorded(schedules={name: live(name) for name in MANY})
    found = await observe(namespace.reader, MANY, owners=SHOP)
    assert found.keys() == set(MANY)
    assert namespace.described == [tuple(MANY[:SAMPLE]), tuple(MANY[SAMPLE:])]


async def test_a_sample_that_cannot_be_read_proves_nothing() -> None:
    namespace = Recorded(schedules={MANY[0]: RequestError("the server is upset"), MANY[-1]: live(MANY[-1])})
    found = await observe(namespace.reader, MANY, owners=SHOP)
    assert found.keys() == {MANY[0], MANY[-1]}


async def test_what_the_list_lacks_is_described_with_what_is_ours() -> None:
    pages = [listed("foreign", project="payroll"), listed(MANY[0], "orphan"), listed(MANY[1])]
    namespace = Recorded(pages=pages, schedules={name: live(name) for name in (*MANY[:3], "orphan")})
    found = await observe(namespace.reader, MANY, owners=SHOP)
    assert found.keys() == {*MANY[:3], "orphan"}
    assert namespace.described == [tuple(MANY), ("orphan",)]


async def test_what_cannot_be_read_and_is_not_ours_is_nothing_to_delete() -> None:
    broken: JobspecError = MalformedScheduleError("it is malformed")
    namespace = Recorded(
        pages=[listed("ours"), listed("foreign", project=None)],
        schedules=dict.fromkeys(("ours", "foreign", "unlisted"), broken),
    )
    found = await observe(namespace.reader, ["foreign", "unlisted"], owners=SHOP)
    assert (found["ours"], found["unlisted"]) == (broken, broken)
    assert isinstance(found["foreign"], ForeignScheduleError)


@pytest.mark.parametrize("error", [UnreachableError("gone"), NamespaceNotFoundError("no such namespace")])
async def test_what_concerns_all_schedules_is_no_failure_of_one(error: JobspecError) -> None:
    namespace = Recorded(pages=[listed("a")], schedules={"a": error, "b": live("b")})
    with pytest.raises(type(error)):
        await describe(namespace.reader, ["a", "b"])
    with pytest.raises(type(error)):
        await observe(namespace.reader, ["a", "b"], owners=SHOP)


async def test_a_failure_of_one_schedule_is_its_own() -> None:
    refused = RequestError("the server is upset")
    namespace = Recorded(schedules={"a": refused, "b": live("b")})
    found = await describe(namespace.reader, ["a", "b", "c"])
    assert found.keys() == {"a", "b"}
    assert found["a"] is refused
