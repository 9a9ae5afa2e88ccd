"""The JSON Schemas of the files that people write, generated from `JobSpec` and `Project`.

That of spec files judges a file as it is written, before defaults and environments are merged: it requires nothing that
can be inherited, allows `null` anywhere, for that unsets what was inherited, and knows the short forms that validators
take.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from jobspec.spec.model import JobSpec
from jobspec.spec.project import Project
from jobspec.spec.scalars import DURATION_SCHEMA
from jobspec.timing.duration import format_duration

Schema = dict[str, Any]

IMPORT_PATH = {"type": "string", "pattern": r"^[^:\s]+:[^:\s]+$"}
DURATION = {"type": "string", "pattern": r"^\s*(0|([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h|d|w))+)\s*$"}
DATE = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_NULL = {"type": "null"}
_ANYTHING = {"^x-": {"description": "For people and for YAML anchors; jobspec passes over it."}}


def make_job_schema() -> Schema:
    """Make the schema of a spec file: one job, several under `jobs`, or the defaults of a directory."""
    generated = JobSpec.model_json_schema()
    parts = {name: _loosen(part) for name, part in generated.pop("$defs").items()}
    _add_short_forms(parts["ScheduleSpec"]["properties"], _SCHEDULE_FORMS)
    job = _loosen(generated)["properties"]
    _add_short_forms(job, _JOB_FORMS)
    return {
        "title": "Jobs of jobspec",
        "description": "One job, or several under `jobs`, or the defaults of a directory. "
        "Defaults and environments are merged in later, so nothing is required here.",
        "type": "object",
        "properties": {
            "jobs": {"description": "Several jobs in one file.", "type": "array", "items": _refer("Job")},
            "defaults": {
                "description": "What the `jobs` of this file have in common; each may say otherwise.",
                "anyOf": [_refer("Defaults"), _NULL],
            },
        },
        "if": {"required": ["jobs"]},
        "then": _refer("Jobs"),
        "else": _refer("Job"),
        "$defs": _make_forms(job) | parts,
    }


def _make_forms(job: Schema) -> Schema:
    """Make the forms in which the keys of a job appear."""
    nameless = {key: schema for key, schema in job.items() if key != "name"}
    env = {"env": _refer("Environments")}
    return {
        "Jobs": _close("Several jobs.", {"jobs": {}, "defaults": {}}),
        "Job": _close("One job.", job | env),
        "Defaults": _close("What jobs have in common.", nameless | env),
        "Overlay": _close("What differs in this environment.", nameless),
        "Environments": {
            "description": "What is laid over the job when an environment is chosen; "
            "`null`, or `false` in TOML: the job is not there.",
            "type": ["object", "null"],
            "patternProperties": _ANYTHING,
            "additionalProperties": {"anyOf": [_refer("Overlay"), _NULL, {"const": False}]},
            "examples": [{"staging": {"schedule": {"paused": True}}, "dev": None}],
        },
    }


def make_project_schema() -> Schema:
    """Make the schema of `jobspec.toml`."""
    generated = Project.model_json_schema()
    parts = {name: _tidy(part) for name, part in generated.pop("$defs").items()}
    return {"title": "Project of jobspec", **_tidy(generated), "$defs": parts}


def _tidy(part: Schema) -> Schema:
    """Say how the values of a mapping are written; TOML has no null."""
    properties = {key: _tidy_property(schema) for key, schema in part["properties"].items()}
    closed = _close(part["description"], properties)
    return {key: value for key, value in closed.items() if key != "patternProperties"}


def _tidy_property(schema: Schema) -> Schema:
    told = _tell(schema)
    alternatives: list[Schema] = [one for one in told.pop("anyOf", ()) if one != _NULL]
    return alternatives[0] | told if alternatives else told


def _close(description: str, properties: Schema) -> Schema:
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "patternProperties": _ANYTHING,
        "additionalProperties": False,
    }


def _refer(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_INTERVAL: Schema = {"anyOf": [DURATION, _refer("IntervalSpec")]}
_SCHEDULE_FORMS: dict[str, Schema] = {
    "interval": {"anyOf": [*_INTERVAL["anyOf"], {"type": "array", "items": _INTERVAL}, _NULL]},
    "cron": {"type": ["string", "array", "null"], "items": {"type": "string"}},
    "calendar": {
        "anyOf": [_refer("CalendarSpec"), {"type": "array", "items": _refer("CalendarSpec")}, _NULL],
    },
    "skip": {"type": ["array", "null"], "items": {"anyOf": [DATE, _refer("CalendarSpec")]}},
}
_JOB_FORMS: dict[str, Schema] = {
    "workflow": {"anyOf": [IMPORT_PATH, _refer("WorkflowRef"), _NULL]},
}


def _add_short_forms(properties: Schema, forms: dict[str, Schema]) -> None:
    """Put the forms that validators turn into the model's own in the place of that."""
    for key, form in forms.items():
        told = {name: properties[key][name] for name in ("description", "examples") if name in properties[key]}
        properties[key] = told | form


def _loosen(part: Schema) -> Schema:
    """Turn the schema of a complete mapping into that of a part of one."""
    if "properties" not in part:
        return {key: value for key, value in part.items() if key != "title"}
    properties = {key: _loosen_property(schema) for key, schema in part["properties"].items()}
    return _close(part["description"], properties)


def _loosen_property(schema: Schema) -> Schema:
    return _allow_null(_tell(schema))


def _tell(schema: Schema) -> Schema:
    """Leave out what says nothing to a person, and write durations as a person would."""
    kept = {key: value for key, value in schema.items() if key not in {"title", "default"}}
    if kept.get("type") == "array" and "minLength" in kept:  # pydantic takes a validated list for a text
        kept["minItems"] = kept.pop("minLength")
    default = _read_default(schema)
    return _sharpen(kept) | ({} if default is None else {"default": default})


def _read_default(schema: Schema) -> Any:
    """Read a default that is worth telling, in the form in which it would be written."""
    default = schema.get("default")
    if default in (None, "") or isinstance(default, list | dict):
        return None
    if _is_duration(schema):
        return format_duration(TypeAdapter(timedelta).validate_python(default))
    return default


def _is_duration(schema: Schema) -> bool:
    return "pattern" in schema and schema["pattern"] == (DURATION_SCHEMA.json_schema or {}).get("pattern")


def _sharpen(schema: Schema) -> Schema:
    """Give durations their exact pattern, at any depth of alternatives."""
    if _is_duration(schema):
        return schema | DURATION
    if "anyOf" in schema:
        return schema | {"anyOf": [_sharpen(one) for one in schema["anyOf"]]}
    return schema


def _allow_null(schema: Schema) -> Schema:
    """Allow `null`, in the form that gives the shortest messages."""
    if "$ref" in schema:
        return {key: value for key, value in schema.items() if key != "$ref"} | {
            "anyOf": [{"$ref": schema["$ref"]}, _NULL]
        }
    if isinstance(schema.get("additionalProperties"), dict):
        values = _allow_null(schema["additionalProperties"])
        schema = schema | {"patternProperties": _ANYTHING, "additionalProperties": values}
    if "anyOf" in schema:
        others = [one for one in schema["anyOf"] if one != _NULL]
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return _allow_null(others[0] | rest) if len(others) == 1 else rest | {"anyOf": [*others, _NULL]}
    return schema | {"type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else schema
