"""A merged job with the place that each of its values came from."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from jobspec.render.terminal import escape, escape_character
from jobspec.secrets import mask
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction
from jobspec.spec.vocabulary import JOB_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.spec.loaded_jobs import Job, ValuePlace
    from jobspec.spec.vocabulary import Keys

Path = tuple[str | int, ...]
_COMMENT_COLUMN = 48
_NEVER_FOLDED = 1 << 30


def explain_as_yaml(job: Job, redaction: Redaction = NOTHING_REDACTED) -> str:
    """Write the job as YAML that could stand in a spec file; each value's line ends with its place.

    Args:
        job: The job.
        redaction: What must not be shown of it.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = _NEVER_FOLDED
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_commented(_sort(redaction.apply(job.merged, ()), JOB_KEYS), (), job.trace()), stream)
    return "".join(map(_escape, stream.getvalue()))


def _sort(value: Any, keys: Keys | None) -> Any:
    """Put the keys of a job in the order of the reference, whichever layer set them first."""
    if keys is None or not isinstance(value, dict):
        return value
    order = list(keys.inside)
    return {key: _sort(value[key], keys.inside[key]) for key in sorted(value, key=order.index)}


def _escape(character: str) -> str:
    """Escape what a terminal would obey or not show; all text that holds such characters stands in double quotes."""
    return character if character == "\n" else escape_character(character)


def _commented(value: Any, path: Path, places: Mapping[Path, ValuePlace]) -> Any:
    """Rebuild mappings with comments; a value whose origin is one place is written on one line."""
    from ruamel.yaml.comments import CommentedMap

    if not isinstance(value, dict) or not value or path in places:
        return _flow(value)
    commented = CommentedMap()
    for key, inner in value.items():
        commented[_quote(key)] = _commented(inner, (*path, key), places)
        place = places.get((*path, key))
        if place:
            commented.yaml_add_eol_comment(str(_without_column(place)), key, column=_COMMENT_COLUMN)
    return commented


def _flow(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    match value:
        case dict():
            flowing: Any = CommentedMap((_quote(key), _flow(inner)) for key, inner in value.items())
        case list() | tuple():
            flowing = CommentedSeq(map(_flow, value))
        case str():
            return _quote(value)
        case _:
            return value
    flowing.fa.set_flow_style()
    return flowing


def _quote(text: str) -> str:
    """Mark text that needs quotes and would not get them: for escapes, or for what ruamel thinks harmless."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    needs_quotes = escape(text) != text or text.startswith(("?", ":", "-"))
    return DoubleQuotedScalarString(text) if needs_quotes else text


def _without_column(place: ValuePlace) -> str:
    location = place.location
    return f"{location.path}:{location.line}"


def explain_as_json(job: Job, redaction: Redaction = NOTHING_REDACTED) -> str:
    """Write the job and, by JSON pointer, the place of each value; arguments are those of :func:`explain_as_yaml`."""
    places = {
        mask("/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path)): {
            "file": place.location.path,
            "line": place.location.line,
            "column": place.location.column,
        }
        for path, place in job.trace().items()
    }
    document = {"version": 1, "job": _sort(redaction.apply(job.merged, ()), JOB_KEYS), "places": places}
    return json.dumps(document, indent=2, ensure_ascii=False)
