"""Laws of loading, for files that hold anything at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, strategies as st

from jobspec.diagnostics import RULES
from jobspec.spec.cache import Cache
from jobspec.spec.loader import load_listings
from jobspec.spec.spec_files import Listing, SourceFile
from jobspec.spec.vocabulary import JOB_KEYS, Keys

if TYPE_CHECKING:
    from jobspec.spec.loaded_jobs import Loaded

NOW = datetime(2027, 1, 1, tzinfo=UTC)
TEXTS = st.sampled_from(
    [
        "a",
        "b",
        "",
        "1h",
        "90s",
        "0s",
        "@daily",
        "0 9 * * *",
        "a.b:C",
        "UTC",
        "2027-01-01T00:00:00Z",
        "2026-12-25",
        "skip",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-1, 70) | st.floats(-1, 3) | TEXTS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


def mappings(keys: Keys) -> st.SearchStrategy[Any]:
    """Make mappings with the keys of a job, now and then with a value of any other kind."""
    known = {key: ANYTHING if below is None else values(below) for key, below in keys.inside.items()}
    return st.fixed_dictionaries({}, optional=known | {"x-a": ANYTHING, "odd": ANYTHING})


def values(keys: Keys) -> st.SearchStrategy[Any]:
    return mappings(keys) | ANYTHING | st.lists(mappings(keys), max_size=2)


PARTS = mappings(JOB_KEYS)
OVERLAYS = st.dictionaries(st.sampled_from(["dev", "prod", "x-a"]), PARTS | ANYTHING, max_size=2)
LAYERS = st.builds(
    lambda part, env: part | env, PARTS, st.fixed_dictionaries({}, optional={"env": OVERLAYS | ANYTHING})
)
SEVERAL = st.fixed_dictionaries(
    {"jobs": st.lists(LAYERS | ANYTHING, max_size=3) | ANYTHING},
    optional={"defaults": LAYERS | ANYTHING, "x-a": ANYTHING, "odd": ANYTHING},
)
ENVIRONMENTS = st.sampled_from([None, "dev"])


def load(files: dict[str, Any], env: str | None, cache: Cache | None = None, now: datetime = NOW) -> Loaded:
    sources = tuple(SourceFile(path=path, data=json.dumps(value).encode()) for path, value in sorted(files.items()))
    listing = Listing(root="specs", files=sources)
    schema = SourceFile(path="specs/a", data=b'{"type": "object"}')
    return load_listings([listing], read=lambda _: schema, env=env, now=now, cache=cache)


FILES = st.fixed_dictionaries(
    {"specs/a.yaml": LAYERS | SEVERAL}, optional={"specs/b.yaml": LAYERS, "specs/defaults.yaml": LAYERS | ANYTHING}
)


@given(FILES, ENVIRONMENTS)
def test_loading_never_fails_and_says_all_at_a_place(files: dict[str, Any], env: str | None) -> None:
    loaded = load(files, env)
    for diagnostic in loaded.diagnostics:
        assert diagnostic.code in RULES
        assert diagnostic.severity is RULES[diagnostic.code].severity
        assert diagnostic.location.path in files
        assert diagnostic.message
        assert "\n" not in diagnostic.message


def list_names(value: dict[str, Any]) -> list[str]:
    entries = value.get("jobs", [value])
    jobs = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [job["name"] for job in jobs if isinstance(job.get("name"), str)]


@given(FILES, ENVIRONMENTS)
def test_every_named_job_is_valid_frozen_or_absent(files: dict[str, Any], env: str | None) -> None:
    loaded = load(files, env)
    names = {name for path, value in files.items() if path != "specs/defaults.yaml" for name in list_names(value)}
    known = [set(loaded.jobs), set(loaded.frozen), set(loaded.absent)]
    assert set().union(*known) >= names
    assert sum(map(len, known)) == len(set().union(*known))
    assert bool(loaded.frozen) <= loaded.incomplete


@given(st.lists(FILES, min_size=2, max_size=3), ENVIRONMENTS)
def test_a_cache_changes_nothing_but_time(versions: list[dict[str, Any]], env: str | None) -> None:
    cache = Cache()
    for files in versions:
        kept, fresh = load(files, env, cache), load(files, env)
        assert (kept.diagnostics, kept.frozen, kept.absent) == (fresh.diagnostics, fresh.frozen, fresh.absent)
        assert {name: job.spec for name, job in kept.jobs.items()} == {n: job.spec for n, job in fresh.jobs.items()}


RIGHT = {"name": "a", "queue": "q", "workflow": {"type": "W"}}
WHOLE = st.sampled_from(
    [
        RIGHT,
        RIGHT | {"name": "b"},
        RIGHT | {"schedule": {"interval": "1h"}},
        RIGHT | {"schedule": {"interval": "1h", "end_at": "2027-01-01T12:00:00Z"}},
        RIGHT | {"schedule": {"cron": "0 0 30 2 *"}},
        RIGHT | {"env": {"dev": None}},
        RIGHT | {"name": "b", "env": {"dev": {"queue": "r"}, "prod": None}},
        RIGHT | {"input_schema": "a"},
        RIGHT | {"queue": 1},
        {"jobs": [RIGHT, RIGHT | {"name": "b"}], "defaults": {"env": {"dev": {"owner": "me"}}}},
        {"jobs": [RIGHT, RIGHT]},
        {"jobs": [RIGHT | {"name": None}]},
    ]
)
DEFAULTS = st.sampled_from([{}, {"owner": "us"}, {"env": {"dev": None}}, {"quue": 1}])
WHOLE_FILES = st.fixed_dictionaries(
    {"specs/a.yaml": WHOLE}, optional={"specs/b.yaml": WHOLE, "specs/c.yaml": WHOLE, "specs/defaults.yaml": DEFAULTS}
)


@given(st.lists(st.tuples(WHOLE_FILES, ENVIRONMENTS, st.integers(0, 24)), min_size=2, max_size=6))
def test_a_cache_changes_nothing_where_files_become_right_wrong_or_outdated(
    versions: list[tuple[dict[str, Any], str | None, int]],
) -> None:
    cache = Cache()
    for files, env, hours in versions:
        now = NOW + timedelta(hours=hours)
        kept, fresh = load(files, env, cache, now), load(files, env, now=now)
        for part in ("diagnostics", "frozen", "absent", "environments", "fingerprint", "incomplete"):
            assert getattr(kept, part) == getattr(fresh, part), part
        assert {name: job.spec for name, job in kept.jobs.items()} == {
            name: job.spec for name, job in fresh.jobs.items()
        }
        assert {name: job.path for name, job in kept.jobs.items()} == {
            name: job.path for name, job in fresh.jobs.items()
        }
