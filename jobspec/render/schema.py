"""The JSON Schemas (Draft 2020-12), generated from the models.

They serve editors and programs, so they say less than validation does and never more: what a model accepts they accept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, get_args

from jobspec.render.file_schema import Schema, make_job_schema, make_project_schema

if TYPE_CHECKING:
    from pydantic import BaseModel

Kind = Literal["job", "project", "plan"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def render_schema(kind: Kind) -> str:
    """Write a schema as JSON text that ends with a newline.

    Args:
        kind: `job` for spec files and `defaults.yaml`, `project` for `jobspec.toml`, `plan` for what `plan`, `apply`
            and `validate` print as JSON.
    """
    makers = {"job": make_job_schema, "project": make_project_schema, "plan": make_plan_schema}
    document = {"$schema": DRAFT, "$id": f"urn:jobspec:schema:{kind}", **makers[kind]()}
    return json.dumps(document, indent=2) + "\n"


def make_plan_schema() -> Schema:
    """Make the schema of the documents; other keys are allowed, for a later release may add some."""
    from pydantic.json_schema import models_json_schema

    from jobspec.render.documents import ApplyDocument, DiagnosticsDocument, PlanDocument

    documents: dict[str, type[BaseModel]] = {
        "plan": PlanDocument,
        "apply": ApplyDocument,
        "diagnostics": DiagnosticsDocument,
    }
    _, generated = models_json_schema([(model, "validation") for model in documents.values()])
    return {
        "title": "Documents of jobspec",
        "description": "What `plan`, `apply` and `validate` print with `--output json`.",
        "type": "object",
        "required": ["kind", "version"],
        "properties": {"kind": {"enum": list(documents)}, "version": {"const": 1}},
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{model.__name__}"}}
            for kind, model in documents.items()
        ],
        "$defs": {name: _complete(part) for name, part in generated["$defs"].items()},
    }


def _complete(part: Schema) -> Schema:
    """Say that every key is there, except the values of a field, of which one may be missing."""
    if "properties" not in part:
        return part
    keys = [key for key in part["properties"] if key not in {"before", "after"}]
    kept = {key: value for key, value in part.items() if key not in {"title", "additionalProperties"}}
    properties = {
        key: {name: value for name, value in schema.items() if name not in {"title", "default"}}
        for key, schema in part["properties"].items()
    }
    return {**kept, "properties": properties, "required": keys}
