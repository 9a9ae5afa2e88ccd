"""`explain`, `rule` and `schema`: what jobspec knows, told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobspec.cli.completion import complete_jobs
from jobspec.cli.options import env_option, output_option
from jobspec.cli.output import put
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from jobspec.render.schemas import Kind


@click.command("explain")
@click.argument("name", shell_complete=complete_jobs)
@env_option
@output_option("text", "json")
def explain_command(name: str, environment: str | None, output: str) -> None:
    """Show a job as merged, with the place each value came from.

    The text is the job as YAML that could stand in a spec file; each line ends with the file and line that set it.
    """
    from jobspec.cli.specs import find_job, open_specs
    from jobspec.render.explanation import explain_as_json, explain_as_yaml

    specs = open_specs(environment)
    job, redaction = find_job(specs.loaded, name), specs.loaded.redaction
    put(explain_as_json(job, redaction) if output == "json" else explain_as_yaml(job, redaction))


@click.command("rule")
@click.argument("code", required=False)
def rule_command(code: str | None) -> None:
    """Explain a diagnostic's code, such as JS101; without one, list all codes."""
    from jobspec.diagnostics import RULES

    if code is None:
        put("\n".join(f"{name}  {rule.severity.value:7}  {rule.summary}" for name, rule in RULES.items()))
        return
    rule = RULES.get(code.upper())
    if rule is None:
        raise UsageError(f"there is no rule `{code}`; `jobspec rule` lists them")
    put(f"{code.upper()} ({rule.severity.value}): {rule.summary}\n\n{rule.explanation}")


@click.command("schema")
@click.argument("kind", type=click.Choice(["job", "project", "plan", "runs", "status"]))
def schema_command(kind: Kind) -> None:
    """Print a JSON Schema: of spec files, jobspec.toml, what commands print as JSON, or the daemon's /status."""
    from jobspec.render.schemas import render_schema

    put(render_schema(kind))
