"""A plan and its outcomes on their way out, in every form."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.cli.output import is_ascii_only, put, say, say_diagnostics, wants_color, width
from jobspec.lint.review import lint_changed
from jobspec.spec.findings import order
from jobspec.spec.git import find_work_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jobspec.cli.specs import Specs
    from jobspec.planning.apply import Outcome
    from jobspec.planning.disclosure import Privacy
    from jobspec.planning.planner import Planned
    from jobspec.render.plan_documents import BaseDocument, PlanDocument


def warn_of_changes(specs: Specs, planned: Planned) -> Specs:
    """Add to what is said of the specs the warnings about jobs that a plan changes; the others were there before."""
    project, loaded = specs.project, specs.loaded
    names = {change.name for change in planned.plan.changes}
    found = lint_changed(loaded, names, project.lint, specs.now)
    return replace(specs, loaded=replace(loaded, diagnostics=order([*loaded.diagnostics, *found])))


def make_document(specs: Specs, planned: Planned, privacy: Privacy, base: BaseDocument | None = None) -> PlanDocument:
    """Make the document of a plan, effects included.

    Args:
        specs: The specs that it was made from.
        planned: The plan.
        privacy: What must not be shown.
        base: What the specs were compared with, where that is not only what is live.
    """
    from jobspec.planning.effects import work_out_plan
    from jobspec.render.plan_documents import plan_document

    return plan_document(
        planned.plan,
        refusals=planned.refusals,
        diagnostics=specs.loaded.diagnostics,
        effects=work_out_plan(planned.plan, specs.now),
        privacy=privacy,
        base=base,
    )


def put_plan(document: PlanDocument, specs: Specs, output: str) -> None:
    """Write a plan to stdout, and to stderr what is wrong with its specs.

    Args:
        document: The plan.
        specs: What it was made from.
        output: One of `jobspec.cli.options.PLAN_OUTPUTS`.
    """
    say_findings(specs, is_read_by_runner=output == "github")
    put(draw_plan(document) if output == "text" else _make_text(document, specs, output))


def say_findings(specs: Specs, *, is_read_by_runner: bool = False) -> None:
    """Write to stderr what was found in the specs, apart from the plan that follows it."""
    if specs.loaded.diagnostics:
        say_diagnostics(specs.loaded.diagnostics, is_read_by_runner=is_read_by_runner)
        say("")


def write_plan(document: PlanDocument, specs: Specs, form: str, path: Path) -> None:
    """Write a plan to a file.

    Args:
        document: The plan.
        specs: What it was made from.
        form: One of `jobspec.cli.options.PLAN_OUTPUTS`.
        path: The file.

    Raises:
        UsageError: The path leads to something that cannot be written to.
        OutputError: Writing failed.
    """
    from jobspec.cli.output_file import write_file

    write_file(path, _make_text(document, specs, form))


def _make_text(document: PlanDocument, specs: Specs, form: str) -> str:
    """Write a plan for those who are no terminal."""
    match form:
        case "json":
            return document.to_json()
        case "markdown":
            from jobspec.render.plan_markdown import render_markdown

            return render_markdown(document)
        case "github":
            from jobspec.render.annotations import annotate_plan

            return annotate_plan(document, prefix=find_prefix(specs.directory))
        case _:
            from jobspec.render.plan_text import render_plan

            return render_plan(document)


def draw_plan(document: PlanDocument, *, to_stderr: bool = False) -> str:
    """Write a plan for the people at a terminal."""
    from jobspec.render.plan_text import render_plan

    stream = sys.stderr if to_stderr else sys.stdout
    return render_plan(document, width=width(), ascii=is_ascii_only(stream), color=wants_color(stream))


def find_prefix(directory: Path) -> str:
    """Name a directory from the top of what GitHub checked out, with a slash at the end; empty where it is the top.

    Args:
        directory: The project's.
    """
    place = Path(os.path.realpath(directory))
    given = os.environ.get("GITHUB_WORKSPACE")
    top = Path(os.path.realpath(given)) if given else find_work_tree(place)
    if top is None or top == place or not place.is_relative_to(top):
        return ""
    return f"{place.relative_to(top).as_posix()}/"


async def report_outcomes(outcomes: AsyncIterator[Outcome]) -> list[Outcome]:
    """Tell of each change as it is settled."""
    from jobspec.render.outcomes import outcome_document, render_outcome

    settled = []
    async for outcome in outcomes:
        settled.append(outcome)
        say(render_outcome(outcome_document(outcome), ascii=is_ascii_only(sys.stderr)))
    return settled
