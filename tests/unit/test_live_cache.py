"""What the daemon remembers of live schedules, and what it reads again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recorded import SHOP, Recorded, listed, live

from jobspec.errors import (
    ForeignScheduleError,
    JobspecError,
    MalformedScheduleError,
    NamespaceNotFoundError,
    RequestError,
    UnreachableError,
)
from jobspec.planning.observe import SAMPLE
from jobspec.reconcile.live_cache import UNLISTED, LiveCache, Look

NAMES = ("a", "b")
MANY = [f"job-{number:02}" for number in range(3 * SAMPLE)]
SHOWN = dict.fromkeys(NAMES, b"as ever")


def make_cache() -> LiveCache:
    cache = LiveCache()
    for number, name in enumerate(NAMES):
        cache.learn(name, live(name), shown=SHOWN[name], now=100.0 + number)
    return cache


async def fill(namespace: Recorded, names: tuple[str, ...] = NAMES) -> LiveCache:
    """Read a namespace once, and forget what that took."""
    cache = LiveCache()
    await cache.refresh(namespace.reader, names, owners=SHOP)
    namespace.described.clear()
    return cache


# What is described again


def test_what_the_list_shows_as_ever_is_not_described_again() -> None:
    entries = {entry.name: entry for entry in listed(*NAMES)}
    assert make_cache().find_moved(SHOWN, entries) == []


def test_what_the_list_shows_otherwise_is_described() -> None:
    assert make_cache().find_moved({**SHOWN, "b": b"edited"}, {}) == ["b"]
    assert make_cache().find_moved({**SHOWN, "b": UNLISTED}, {}) == ["b"]
    assert make_cache().find_moved({**SHOWN, "new": UNLISTED}, {}) == ["new"]


def test_a_mark_that_the_list_shows_before_a_describe_has_it_is_looked_for_again() -> None:
    taken = {entry.name: entry for entry in listed("a", project="payroll")}
    assert make_cache().find_moved(SHOWN, taken) == ["a"]


def test_after_a_write_the_next_list_vouches_for_nothing() -> None:
    cache = make_cache()
    cache.doubt("a")
    cache.doubt("never heard of")
    assert cache.find_moved(SHOWN, {}) == ["a"]
    cache.learn("a", live("a"), shown=None, now=200.0)
    assert cache.find_moved(SHOWN, {}) == ["a"]
    cache.learn("a", live("a"), shown=SHOWN["a"], now=200.0)
    assert cache.find_moved(SHOWN, {}) == []


# What is news


def test_only_what_a_plan_looks_at_is_news() -> None:
    cache = make_cache()
    before = cache.live["a"]
    assert not cache.learn("a", replace(live("a"), conflict_token=b"2"), shown=None, now=200.0)
    assert cache.live["a"] is before
    for changed in (live("a", every="2h"), live("a", paused=True), live("a", project=None), None, RequestError("x")):
        assert cache.learn("a", changed, shown=None, now=200.0)
        assert not cache.learn("a", changed, shown=None, now=200.0)
    assert not cache.learn("a", RequestError("x"), shown=None, now=200.0)
    assert cache.learn("a", RequestError("y"), shown=None, now=200.0)


def test_what_is_absent_is_known_and_not_live() -> None:
    cache = make_cache()
    cache.learn("a", None, shown=UNLISTED, now=200.0)
    assert ("a" in cache, len(cache), sorted(cache.live)) == (True, 2, ["b"])
    assert cache.find_moved({**SHOWN, "a": UNLISTED}, {}) == []


def test_the_longest_unverified_comes_first() -> None:
    cache = make_cache()
    assert (cache.find_oldest(1), cache.age(160.0)) == (["a"], 60.0)
    cache.learn("a", live("a"), shown=None, now=150.0)
    assert (cache.find_oldest(5), cache.age(160.0)) == (["b", "a"], 59.0)
    assert LiveCache().age(160.0) == 0.0


def test_a_failure_that_may_pass_is_read_again() -> None:
    cache = make_cache()
    for name, error in {
        "refused": RequestError("upset"),
        "malformed": MalformedScheduleError("broken"),
        "foreign": ForeignScheduleError("not ours"),
    }.items():
        cache.learn(name, error, shown=b"", now=100.0)
    assert cache.find_unread() == ["refused"]


# Refreshing


async def test_a_refresh_without_news_describes_nothing() -> None:
    namespace = Recorded(pages=[listed(*NAMES)], schedules={name: live(name) for name in NAMES})
    cache = await fill(namespace)
    assert await cache.refresh(namespace.reader, NAMES, owners=SHOP) == Look(listed=2)
    assert namespace.described == []


async def test_a_schedule_that_vanishes_from_the_list_is_described_before_it_counts_as_absent() -> None:
    namespace = Recorded(pages=[listed(*NAMES)], schedules={name: live(name) for name in NAMES})
    cache = await fill(namespace)
    namespace.pages = [listed("b")]
    look = await cache.refresh(namespace.reader, NAMES, owners=SHOP)
    assert (namespace.described, look.news) == ([("a",)], frozenset())
    assert cache.live.keys() == {"a", "b"}
    namespace.schedules = {"b": live("b")}
    cache.doubt("a")
    assert (await cache.refresh(namespace.reader, NAMES, owners=SHOP)).news == {"a"}
    assert cache.live.keys() == {"b"}


async def test_what_is_ours_is_kept_although_the_list_shows_nothing_of_ours() -> None:
    """A list that lags behind, or fails to show marks, must take no schedule for gone."""
    orphans = {name: live(name) for name in MANY}
    namespace = Recorded(pages=[listed(*MANY)], schedules=orphans)
    cache = await fill(namespace, ())
    assert cache.live.keys() == orphans.keys()
    namespace.pages = []
    await cache.refresh(namespace.reader, (), owners=SHOP)
    assert cache.live.keys() == orphans.keys()
    assert namespace.described == [tuple(MANY)]


async def test_names_that_matter_no_more_are_forgotten() -> None:
    namespace = Recorded(schedules={"a": live("a", project=None), "b": live("b")})
    cache = await fill(namespace)
    await cache.refresh(namespace.reader, (), owners=SHOP)
    assert "a" not in cache  # foreign, and no spec names it any more
    assert "b" in cache


async def test_of_many_new_jobs_only_a_sample_is_described() -> None:
    namespace = Recorded()
    cache = LiveCache()
    look = await cache.refresh(namespace.reader, MANY, owners=SHOP)
    assert namespace.described == [tuple(MANY[:SAMPLE])]
    assert (look, len(cache), cache.live) == (Look(), len(MANY), {})


async def test_a_list_that_lags_behind_a_first_start_is_not_believed() -> None:
    namespace = Recorded(schedules={name: live(name) for name in MANY})
    cache = LiveCache()
    look = await cache.refresh(namespace.reader, MANY, owners=SHOP)
    assert cache.live.keys() == set(MANY)
    assert look.news == set(MANY)


async def test_a_schedule_that_cannot_be_read_is_tried_again() -> None:
    namespace = Recorded(pages=[listed(*NAMES)], schedules={"a": RequestError("upset"), "b": live("b")})
    cache = await fill(namespace)
    look = await cache.refresh(namespace.reader, NAMES, owners=SHOP)
    assert (look.failed, namespace.described) == (1, [("a",)])


async def test_what_cannot_be_read_and_is_not_ours_is_said_to_be_foreign() -> None:
    malformed = MalformedScheduleError("broken")
    namespace = Recorded(pages=[listed("a", project=None)], schedules=dict.fromkeys(NAMES, malformed))
    cache = await fill(namespace)
    assert isinstance(cache.live["a"], ForeignScheduleError)
    assert cache.live["b"] is malformed


@pytest.mark.parametrize("error", [UnreachableError("gone"), NamespaceNotFoundError("no such namespace")])
async def test_what_concerns_all_schedules_ends_the_reading(error: JobspecError) -> None:
    cache = make_cache()
    namespace = Recorded(pages=[listed("a", note="edited")], schedules=dict.fromkeys(NAMES, error))
    with pytest.raises(type(error)):
        await cache.read(namespace.reader, NAMES)
    with pytest.raises(type(error)):
        await cache.refresh(namespace.reader, NAMES, owners=SHOP)
    assert cache.find_unread() == []
