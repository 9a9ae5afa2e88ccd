"""A merged job with the place that each of its values came from."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.spec.loaded import Job, Place

Path = tuple[str | int, ...]
_COMMENT_COLUMN = 48


def explain_as_yaml(job: Job) -> str:
    """Write the job as YAML that could stand in a spec file; each value's line ends with its place."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_commented(job.merged, (), job.trace()), stream)
    return stream.getvalue()


def _commented(value: Any, path: Path, places: Mapping[Path, Place]) -> Any:
    """Rebuild mappings with comments; a value whose origin is one place is written on one line."""
    from ruamel.yaml.comments import CommentedMap

    if not isinstance(value, dict) or not value or path in places:
        return _flow(value)
    commented = CommentedMap()
    for key, inner in value.items():
        commented[key] = _commented(inner, (*path, key), places)
        place = places.get((*path, key))
        if place:
            commented.yaml_add_eol_comment(str(_without_column(place)), key, column=_COMMENT_COLUMN)
    return commented


def _flow(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    match value:
        case dict():
            flowing: Any = CommentedMap((key, _flow(inner)) for key, inner in value.items())
        case list() | tuple():
            flowing = CommentedSeq(map(_flow, value))
        case _:
            return value
    flowing.fa.set_flow_style()
    return flowing


def _without_column(place: Place) -> str:
    location = place.location
    return f"{location.path}:{location.line}"


def explain_as_json(job: Job) -> str:
    """Write the job and, by JSON pointer, the place of each value."""
    places = {
        "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path): {
            "file": place.location.path,
            "line": place.location.line,
            "column": place.location.column,
        }
        for path, place in job.trace().items()
    }
    document = {"version": 1, "job": job.merged, "places": places}
    return json.dumps(document, indent=2, ensure_ascii=False)
