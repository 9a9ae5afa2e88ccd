"""`plan --base`: the specs of the working tree against those of a commit.

Without a server this runs no code of the project, not even its data converter, so that a stranger's branch can be
planned: inputs are compared as they are written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.planning.branch import Base, plan_branch, trace_to_branch
from jobspec.planning.desired import Conversion, JobSet, convert_jobs
from jobspec.render.diagnostic_documents import diagnostic_document
from jobspec.render.plan_documents import BaseDocument
from jobspec.spec.hidden_values import hide_values
from jobspec.spec.revision import load_revision, name_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from temporalio.converter import DataConverter

    from jobspec.cli.specs import Specs
    from jobspec.diagnostics import Diagnostic
    from jobspec.planning.guards import Allowances
    from jobspec.planning.planner import Planned
    from jobspec.spec.loaded_jobs import Loaded
    from jobspec.spec.revision import Revision

_NO_NAMESPACE = ""


def open_revision(specs: Specs, ref: str) -> Revision:
    """Load the project as it is in the commit at which the checked out branch left another.

    Args:
        specs: The project in the working tree.
        ref: The other branch, or any commit.

    Raises:
        UsageError: There is no git, no repository, no such commit, or none in common.
    """
    revision = load_revision(specs.directory, ref, env=specs.env, now=specs.now)
    shown = hide_values(revision.diagnostics, revision.loaded.documents, specs.loaded.redaction)
    return replace(revision, diagnostics=tuple(name_files(shown, revision)))


def plan_offline(specs: Specs, revision: Revision, allowances: Allowances) -> Planned:
    """Plan as if what the commit says had been applied; no server is asked."""
    from temporalio.contrib.pydantic import pydantic_data_converter

    conversion = Conversion(converter=pydantic_data_converter, namespace=_NO_NAMESPACE, now=specs.now)
    desired = convert_jobs(specs.job_set, conversion)
    return plan_branch(_make_base(revision, conversion), desired, specs.make_terms(allowances))


def trace(planned: Planned, specs: Specs, revision: Revision, converter: DataConverter) -> Planned:
    """Say of each change of a plan against the server whether the branch makes it."""
    namespace = planned.plan.namespace or _NO_NAMESPACE
    base = _make_base(revision, Conversion(converter=converter, namespace=namespace, now=specs.now))
    return trace_to_branch(planned, base)


def _make_base(revision: Revision, conversion: Conversion) -> Base:
    found = convert_jobs(JobSet.of_files(revision.loaded, None), conversion)
    return Base(
        jobs=found.jobs,
        frozen=revision.loaded.frozen | found.failed.keys(),
        broken_files=frozenset(each.location.path for each in _list_file_errors(revision.loaded)),
        is_unreadable=revision.project is None,
    )


def _list_file_errors(loaded: Loaded) -> Iterator[Diagnostic]:
    """List what leaves nothing known of a whole file."""
    return (each for each in loaded.diagnostics if each.is_error and each.job is None)


def describe_base(specs: Specs, revision: Revision, *, is_live: bool) -> BaseDocument:
    """Make the part of a plan's document that tells what the specs were compared with."""
    return BaseDocument(
        ref=revision.ref,
        commit=revision.commit,
        live=is_live,
        notes=tuple(_note(specs, revision)),
        diagnostics=tuple(map(diagnostic_document, revision.diagnostics)),
    )


def _note(specs: Specs, revision: Revision) -> Iterator[str]:
    """Say what else has changed that decides about every job."""
    before, after = revision.project, specs.project
    if before is None:
        yield f"jobspec.toml has mistakes at {revision.short}, so what the jobs were before is not known"
        return
    if not revision.has_environment:
        yield f"there is no environment {specs.env} at {revision.short}, so every job is new in it"
    elif not (revision.loaded.jobs or revision.loaded.frozen or revision.loaded.incomplete):
        yield f"there are no jobs at {revision.short}, so every job is new"
    if before.project is not None and before.project != after.project:
        yield _tell_new_id(before.project, after.project or "", is_kept=before.project in after.also_owns)
    if before.specs != after.specs:
        yield f"the specs move from {', '.join(before.specs)} to {', '.join(after.specs)}"
    if before.data_converter != after.data_converter:
        yield "the data converter changes, so inputs may differ that are written alike"


def _tell_new_id(before: str, after: str, *, is_kept: bool) -> str:
    said = f"the project's id changes from {before} to {after}"
    if is_kept:
        return f"{said}, and what bears the former one stays its own"
    return f"{said}, so that apply will hold what bears the former one; name it in also_owns to keep it"
