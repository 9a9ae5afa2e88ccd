"""Laws of merging, for layers of any shape."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, strategies as st

from jobspec.spec.merge import merge, origin, trace

ENVIRONMENTS = st.sampled_from([None, "dev", "prod"])
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b", "1h"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "x-a"]), inner, max_size=3),
    max_leaves=6,
)


def mappings(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make mappings with some of the known keys, which now and then hold anything at all."""
    return st.fixed_dictionaries({}, optional={key: value | VALUES for key, value in known.items()})


SCHEDULES = mappings(interval=VALUES, cron=VALUES, calendar=VALUES, timezone=SCALARS, skip=VALUES, **{"x-a": VALUES})
RUNS = mappings(memo=VALUES, retry_policy=mappings(maximum_attempts=SCALARS), run_timeout=SCALARS)
PARTS = mappings(owner=SCALARS, input=VALUES, args=VALUES, run=RUNS, schedule=SCHEDULES, tags=VALUES, **{"x-b": VALUES})
OVERLAYS = mappings(dev=PARTS | st.none() | st.just(False), prod=PARTS)
LAYERS = st.builds(lambda part, rest: part | rest, PARTS, mappings(env=OVERLAYS))
STACKS = st.lists(LAYERS, min_size=1, max_size=4)


@given(STACKS, ENVIRONMENTS, st.data())
def test_an_empty_layer_changes_nothing(layers: list[Any], env: str | None, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(layers) - 1))
    assert merge([*layers[:place], {}, *layers[place:]], env) == merge(layers, env)


@given(STACKS, ENVIRONMENTS)
def test_layers_are_not_changed(layers: list[Any], env: str | None) -> None:
    before = copy.deepcopy(layers)
    merge(layers, env)
    assert layers == before


@given(STACKS, ENVIRONMENTS)
def test_the_origin_of_every_leaf_holds_its_value(layers: list[Any], env: str | None) -> None:
    merged = merge(layers, env) or {}
    for path, place in trace(layers, env).items():
        there: Any = layers[place.layer]
        for step in place.path:
            there = there[step]
        here: Any = merged
        for step in path:
            here = here[step]
        assert place.path[-len(path) :] == path
        # What is merged lacks `x-` keys and nulls inside lists and mappings, so compare what merging leaves of it.
        assert here == there or merge([{path[-1]: {"in": there}}]) == merge([{path[-1]: {"in": here}}]) or here == {}


@given(STACKS, ENVIRONMENTS)
def test_the_origin_of_a_leaf_is_the_last_layer_that_could_set_it(layers: list[Any], env: str | None) -> None:
    for path, place in trace(layers, env).items():
        without = copy.deepcopy(layers)
        there: Any = without[place.layer]
        for step in place.path[:-1]:
            there = there[step]
        there[place.path[-1]] = "changed"
        changed: Any = merge(without, env)
        for step in path:
            changed = changed[step]
        assert changed == "changed"


@given(STACKS, ENVIRONMENTS, st.data())
def test_keys_that_begin_with_x_never_change_the_result(
    layers: list[Any], env: str | None, data: st.DataObject
) -> None:
    noise = data.draw(st.dictionaries(st.sampled_from(["x-1", "x-2"]), VALUES, max_size=2))
    noisy = [{**noise, **layer, **noise} for layer in layers]
    for layer in noisy:
        for key in ("run", "schedule", "env"):
            if isinstance(layer.get(key), dict):
                layer[key] = {**noise, **layer[key]}
    assert merge(noisy, env) == merge(layers, env)


@given(STACKS, PARTS)
def test_the_last_layer_has_the_last_word(layers: list[Any], job: dict[str, Any]) -> None:
    merged = merge([*layers, job]) or {}
    for key, value in job.items():
        if not key.startswith("x-") and not isinstance(value, dict | list) and (value is not None or key == "input"):
            assert merged[key] == value


@given(STACKS, ENVIRONMENTS)
def test_a_merged_job_names_no_environment(layers: list[Any], env: str | None) -> None:
    assert "env" not in (merge(layers, env) or {})


@given(STACKS)
def test_an_environment_nobody_names_is_the_base(layers: list[Any]) -> None:
    assert merge(layers, "elsewhere") == merge(layers)


@given(STACKS, ENVIRONMENTS)
def test_merging_what_was_merged_changes_nothing(layers: list[Any], env: str | None) -> None:
    merged = merge(layers, env)
    if merged is not None:
        assert merge([merged]) == merged
        assert origin([merged], ()).path == ()
