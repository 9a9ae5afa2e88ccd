"""Defaults and environments: several layers of raw values → one job.

A layer is a mapping as it was written: a directory's defaults file, the
`defaults` of a file, or the job itself, which is always the last one. Each may
bring its own `env` mapping, whose part for the chosen environment is laid over
the whole once the layers themselves are merged. Nothing here knows files or
positions: a place is the index of a layer and the path inside it.

Layers are never changed, and a merged job shares their lists and inputs, so it
is for reading only. Wrong types do not stop a merge: what is no mapping where
one is wanted replaces, and validation finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.spec.positions import ValuePath

IGNORED_PREFIX = "x-"
"""Keys that begin with this are for people and for anchors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value of a merged job was written.

    Attributes:
        layer: Index of the layer.
        path: The way to the value inside that layer; it begins with `env` where an environment set it.
    """

    layer: int
    path: ValuePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How the keys of one mapping merge.

    Attributes:
        whole: Keys whose value is data, replaced whole and kept as it is.
        nullable: Keys for which `null` is a value and no order to unset.
        exclusive: Keys of which setting one drops the others that were inherited.
        inside: The levels of single keys; all others are plain.
        holds_data: Whether the values are data: `x-` keys stay, and `null` does below the first level.
    """

    whole: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    exclusive: frozenset[str] = frozenset()
    inside: Mapping[str, Level] = field(default_factory=dict)
    holds_data: bool = False


PLAIN = Level()
_SCHEDULE = Level(exclusive=frozenset({"interval", "cron", "calendar"}))
_RUN = Level(inside={"memo": Level(holds_data=True)})
JOB = Level(
    whole=frozenset({"input", "args"}),
    nullable=frozenset({"input"}),
    exclusive=frozenset({"input", "args"}),
    inside={"run": _RUN, "schedule": _SCHEDULE},
)
"""How the top of a job merges."""


def merge(layers: Sequence[Any], env: str | None = None) -> dict[str, Any] | None:
    """Lay the layers over each other.

    Args:
        layers: From the outermost defaults to the job itself; what is no mapping counts as empty.
        env: The chosen environment; None for the base.

    Returns:
        The job without `env` and without unset or ignored keys; None when it is not there in this environment.
    """
    if env is not None and not is_present(layers, env):
        return None
    merged: dict[str, Any] = {}
    for part in _walk_parts(layers, env):
        _lay(merged, part.value, JOB, part.skipped)
    return merged


def is_present(layers: Sequence[Any], env: str) -> bool:
    """Tell whether the job is there: the last layer that says anything about the environment decides."""
    for layer in reversed(layers):
        overlays = _get_overlays(layer)
        if overlays is None:
            return True
        if env in overlays:
            return not is_absence(overlays[env])
    return True


def is_absence(overlay: Any) -> bool:
    """Tell whether an environment's part says that the job is not there; `false` is for TOML, which has no null."""
    return overlay is None or overlay is False


def is_touched(layers: Sequence[Any], env: str) -> bool:
    """Tell whether any layer says anything about the environment; if none does, the base holds there too."""
    return any(env in (_get_overlays(layer) or ()) for layer in layers)


def origin(layers: Sequence[Any], path: ValuePath, env: str | None = None) -> Origin:
    """Find what set the value at a path of the merged job.

    What holds the path last is what set it, because whatever unset it later would have removed it from the result.

    Args:
        layers: What was merged.
        path: A path in the merged job; for one that it does not have, the nearest value around it is meant.
        env: The chosen environment.

    Returns:
        The place of the value. A mapping that several layers fill counts as set by the last of them.
    """
    parts = [part for part in _walk_parts(layers, env) if not path or path[0] not in part.skipped]
    for length in range(len(path), 0, -1):
        for part in reversed(parts):
            if _holds(part.value, path[:length]):
                return Origin(layer=part.layer, path=(*part.prefix, *path[:length]))
    return Origin(layer=len(layers) - 1, path=())


def trace(layers: Sequence[Any], env: str | None = None) -> dict[ValuePath, Origin]:
    """Find the origin of every leaf of the merged job, in its order.

    A leaf is whatever is replaced whole: a scalar, a list, an empty mapping, `input` and `args`.
    """
    merged = merge(layers, env) or {}
    return {path: origin(layers, path, env) for path in _walk_leaves(merged, JOB, ())}


def _walk_leaves(value: Mapping[str, Any], level: Level, path: ValuePath) -> Iterator[ValuePath]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item and key not in level.whole:
            yield from _walk_leaves(item, level.inside.get(key, PLAIN), (*path, key))
        else:
            yield (*path, key)


@dataclass(frozen=True, slots=True)
class _Part:
    """One mapping to lay over the job, and the keys in it that do not count."""

    layer: int
    prefix: ValuePath
    value: Mapping[str, Any]
    skipped: frozenset[str]


_ENV = frozenset({"env"})
_ENV_AND_SCHEDULE = frozenset({"env", "schedule"})


def _walk_parts(layers: Sequence[Any], env: str | None) -> Iterator[_Part]:
    """Walk what is laid over each other, in order: the layers, then their parts for the environment."""
    last = len(layers) - 1
    inherited = _ENV if _has_schedule(layers[last], env) else _ENV_AND_SCHEDULE
    for index, layer in enumerate(layers):
        if isinstance(layer, Mapping):
            yield _Part(index, (), layer, _ENV if index == last else inherited)
    if env is not None:
        for index in range(_find_first_overlay(layers, env), last + 1):
            overlay = (_get_overlays(layers[index]) or {}).get(env)
            if isinstance(overlay, Mapping):
                yield _Part(index, ("env", env), overlay, _ENV if index == last else inherited)


def _has_schedule(job: Any, env: str | None) -> bool:
    """Tell whether the job itself asks for a schedule, in its base or for the environment."""
    if not isinstance(job, Mapping):
        return False
    overlay = (_get_overlays(job) or {}).get(env) if env is not None else None
    own = (job, overlay) if isinstance(overlay, Mapping) else (job,)
    return any(isinstance(part.get("schedule"), Mapping) for part in own)


def _get_overlays(layer: Any) -> Mapping[str, Any] | None:
    """Read the `env` of a layer; None where it is `null`, which unsets what was inherited."""
    overlays = layer.get("env", _NONE) if isinstance(layer, Mapping) else _NONE
    return overlays if overlays is None or isinstance(overlays, Mapping) else _NONE


_NONE: Mapping[str, Any] = MappingProxyType({})


def _find_first_overlay(layers: Sequence[Any], env: str) -> int:
    """Find the first layer whose part counts: an absence, or `env: null`, unsets all parts before it."""
    for index in range(len(layers) - 1, -1, -1):
        overlays = _get_overlays(layers[index])
        if overlays is None or (env in overlays and is_absence(overlays[env])):
            return index + 1
    return 0


def _lay(target: dict[str, Any], layer: Mapping[str, Any], level: Level, skipped: frozenset[str] = frozenset()) -> None:
    """Lay one mapping over another in place."""
    if target and level.exclusive:
        _drop_siblings(target, layer, level)
    for key, value in layer.items():
        if key in skipped or key.startswith(IGNORED_PREFIX):
            continue
        if value is None and key not in level.nullable:
            target.pop(key, None)
        elif isinstance(value, dict) and key not in level.whole:
            _lay_mapping(target, key, value, level.inside.get(key, PLAIN))
        elif isinstance(value, list) and key not in level.whole:
            target[key] = _clean(value)
        else:
            target[key] = value


def _drop_siblings(target: dict[str, Any], layer: Mapping[str, Any], level: Level) -> None:
    """Drop the inherited ones of keys that exclude each other, when the layer sets one of them."""
    chosen = {key for key in level.exclusive if layer.get(key) is not None or (key in layer and key in level.nullable)}
    if chosen:
        for key in level.exclusive - chosen:
            target.pop(key, None)


def _lay_mapping(target: dict[str, Any], key: str, value: Mapping[str, Any], level: Level) -> None:
    inherited = target.get(key)
    below = inherited if isinstance(inherited, dict) else {}
    if level.holds_data:
        target[key] = {name: item for name, item in _join(below, value).items() if item is not None}
    else:
        target[key] = below
        _lay(below, value, level)


def _join(below: Any, above: Any) -> Any:
    """Merge data: mappings merge into a new one, all else replaces."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: _join(below.get(key), item) for key, item in above.items()}}


def _clean(items: list[Any]) -> list[Any]:
    """Drop unset and ignored keys from mappings in a list, such as the entries of `calendar`."""
    if not any(isinstance(item, dict) for item in items):
        return items
    cleaned: list[Any] = []
    for item in items:
        if isinstance(item, dict):
            entry: dict[str, Any] = {}
            _lay(entry, item, PLAIN)
            cleaned.append(entry)
        else:
            cleaned.append(item)
    return cleaned


def _holds(value: Any, path: ValuePath) -> bool:
    """Tell whether a path leads to something in a raw value."""
    for step in path:
        if isinstance(value, Mapping):
            if step not in value:
                return False
        elif not (isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)):
            return False
        value = value[step]
    return True
