"""The JSON Schemas (Draft 2020-12), generated from the models.

They serve editors and programs, so they say less than validation does and never more: what a model accepts they accept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, get_args

from jobspec.render.file_schema import Schema, make_job_schema, make_project_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel

Kind = Literal["job", "project", "plan", "runs", "status"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def render_schema(kind: Kind) -> str:
    """Write a schema as JSON text that ends with a newline.

    Args:
        kind: `job` for spec files and `defaults.yaml`, `project` for `jobspec.toml`, `plan` for what `plan`, `apply`
            and `validate` print as JSON, `runs` for what the commands for runs and live schedules print as JSON,
            `status` for what the daemon serves at `/status`.
    """
    makers: dict[Kind, Callable[[], Schema]] = {
        "job": make_job_schema,
        "project": make_project_schema,
        "plan": make_plan_schema,
        "runs": make_runs_schema,
        "status": make_status_schema,
    }
    document = {"$schema": DRAFT, "$id": f"urn:jobspec:schema:{kind}", **makers[kind]()}
    return json.dumps(document, indent=2) + "\n"


def make_plan_schema() -> Schema:
    """Make the schema of what `plan`, `apply` and `validate` print, and of saved plans."""
    from jobspec.render.diagnostic_documents import DiagnosticsDocument
    from jobspec.render.outcomes import ApplyDocument
    from jobspec.render.plan_documents import PlanDocument
    from jobspec.render.saved_plans import SavedPlanDocument

    return make_documents_schema(
        (PlanDocument, ApplyDocument, DiagnosticsDocument, SavedPlanDocument),
        title="Documents of jobspec",
        description="What `plan`, `apply` and `validate` print with `--output json`, and what `plan --out` saves.",
    )


def make_runs_schema() -> Schema:
    """Make the schema of what the commands for runs and live schedules print."""
    from jobspec.render import run_documents as runs

    return make_documents_schema(
        (
            *(runs.StartedDocument, runs.ResultDocument, runs.RunsDocument, runs.RunDetailDocument),
            *(runs.HistoryDocument, runs.StatsDocument, runs.AnswerDocument, runs.ToldDocument),
            *(runs.ScheduleActionsDocument, runs.BackfillDocument, runs.StatusDocument),
        ),
        title="Documents of jobspec about runs and live schedules",
        description="What `run`, `runs`, `describe`, `history`, `stats`, `query`, `signal`, `cancel`, `terminate`, "
        "`pause`, `resume`, `trigger`, `backfill` and `status` print with `--output json`.",
    )


def make_status_schema() -> Schema:
    """Make the schema of what the daemon serves."""
    from jobspec.render.daemon_documents import DaemonDocument

    return make_documents_schema(
        (DaemonDocument,),
        title="What the daemon of jobspec knows",
        description="What `jobspec reconcile` serves at `/status`.",
    )


def make_documents_schema(models: Sequence[type[BaseModel]], *, title: str, description: str) -> Schema:
    """Make the schema of some documents; other keys are allowed, for a later release may add some.

    Args:
        models: Documents, each with a `kind` of its own.
        title: What they are.
        description: Where they come from.
    """
    from pydantic.json_schema import models_json_schema

    documents = {model.model_fields["kind"].default: model for model in models}
    _, generated = models_json_schema([(model, "validation") for model in models])
    return {
        "title": title,
        "description": description,
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
