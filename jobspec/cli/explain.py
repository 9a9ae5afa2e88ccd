"""`explain`, `rule` and `schema`: what jobspec knows, told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobspec.cli.options import env_option, output_option

if TYPE_CHECKING:
    from jobspec.diagnostics import Diagnostic
    from jobspec.errors import NotFoundError
    from jobspec.render.schema import Kind
    from jobspec.spec.loaded import Loaded


@click.command("explain")
@click.argument("name")
@env_option
@output_option("text", "json")
def explain_command(name: str, environment: str | None, output: str) -> None:
    """Show a job as merged, with the place each value came from.

    The text is the job as YAML that could stand in a spec file; each line ends with the file and line that set it.
    """
    from jobspec.cli.output import put, say_diagnostics
    from jobspec.cli.specs import open_specs
    from jobspec.render.explanation import explain_as_json, explain_as_yaml

    specs = open_specs(environment)
    job = specs.loaded.jobs.get(name)
    if job is None:
        is_known = name in specs.loaded.frozen or name in specs.loaded.absent
        found = [each for each in specs.loaded.diagnostics if each.job == name or (not is_known and _hides_jobs(each))]
        say_diagnostics(found)
        raise _refuse_name(name, specs.loaded, is_hidden=bool(found))
    put(explain_as_json(job) if output == "json" else explain_as_yaml(job))


def _hides_jobs(found: Diagnostic) -> bool:
    """Whether it may be the reason why a job is not known: its file could not be read."""
    return found.is_error and found.code < "JS1"


def _refuse_name(name: str, loaded: Loaded, *, is_hidden: bool) -> NotFoundError:
    from difflib import get_close_matches

    from jobspec.errors import NotFoundError

    if name in loaded.frozen:
        return NotFoundError(f"the job `{name}` has mistakes, so there is nothing to show; see above")
    if name in loaded.absent:
        return NotFoundError(f"the job `{name}` is not there in this environment")
    if is_hidden:
        return NotFoundError(f"no spec that can be read names a job `{name}`; see above")
    nearest = get_close_matches(name, loaded.jobs, n=3)
    hint = "; did you mean " + " or ".join(f"`{match}`" for match in nearest) + "?" if nearest else ""
    return NotFoundError(f"no spec names a job `{name}`{hint}")


@click.command("rule")
@click.argument("code", required=False)
def rule_command(code: str | None) -> None:
    """Explain a diagnostic's code, such as JS101; without one, list all codes."""
    from jobspec.cli.output import put
    from jobspec.diagnostics import RULES
    from jobspec.errors import UsageError

    if code is None:
        put("\n".join(f"{name}  {rule.severity.value:7}  {rule.summary}" for name, rule in RULES.items()))
        return
    rule = RULES.get(code.upper())
    if rule is None:
        raise UsageError(f"there is no rule `{code}`; `jobspec rule` lists them")
    put(f"{code.upper()} ({rule.severity.value}): {rule.summary}\n\n{rule.explanation}")


@click.command("schema")
@click.argument("kind", type=click.Choice(["job", "project", "plan"]))
def schema_command(kind: Kind) -> None:
    """Print a JSON Schema: of spec files, of jobspec.toml, or of the plan as JSON."""
    from jobspec.cli.output import put
    from jobspec.render.schema import render_schema

    put(render_schema(kind))
