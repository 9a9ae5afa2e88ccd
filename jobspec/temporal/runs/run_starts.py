"""Starting a run by hand: what is sent, and what makes the run a job's and a project's.

A run is a job's by the search attribute that a schedule sets on the runs that it starts, and a project's by its mark
(:mod:`jobspec.temporal.runs.run_ownership`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.client import WorkflowHandle
from temporalio.common import Priority, RetryPolicy, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from jobspec.errors import InvalidDefinitionError
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction
from jobspec.temporal.ownership import MEMO
from jobspec.temporal.runs.run_errors import Call, add_doubt
from jobspec.temporal.runs.run_ownership import make_run_mark
from jobspec.temporal.runs.visibility import JOB_ATTRIBUTE
from jobspec.temporal.search_attributes import make_search_attributes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from temporalio.client import Client

    from jobspec.spec import model
    from jobspec.temporal.requests import Requests

    StartWorkflow = Callable[..., Awaitable[object]]
    """Has the arguments of `Client.start_workflow`, and should have its result."""

_JOB_KEY = SearchAttributeKey.for_keyword(JOB_ATTRIBUTE)


def make_start_options(spec: model.JobSpec) -> dict[str, Any]:
    """Make the keyword arguments of `Client.start_workflow`, without the workflow type.

    Search attributes are as the spec says them; `start_run` gives them the types of the namespace.

    Args:
        spec: The job, with the arguments and options of this run.
    """
    run = spec.run
    return {
        "args": list(spec.arguments),
        "id": spec.workflow_id,
        "task_queue": spec.queue,
        "execution_timeout": run.execution_timeout,
        "run_timeout": run.run_timeout,
        "task_timeout": run.task_timeout,
        "retry_policy": _retry_policy(run.retry_policy) if run.retry_policy else None,
        "memo": dict(run.memo) or None,
        "search_attributes": dict(run.search_attributes),
        "static_summary": run.static_summary or None,
        "static_details": run.static_details or None,
        "priority": _priority(run.priority) if run.priority else Priority.default,
    }


def _retry_policy(policy: model.RetryPolicy) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=policy.initial_interval,
        backoff_coefficient=policy.backoff_coefficient,
        maximum_interval=policy.maximum_interval,
        maximum_attempts=policy.maximum_attempts,
        non_retryable_error_types=policy.non_retryable_error_types or None,
    )


def _priority(priority: model.Priority) -> Priority:
    return Priority(
        priority_key=priority.priority_key,
        fairness_key=priority.fairness_key or None,
        fairness_weight=priority.fairness_weight,
    )


async def start_run(  # noqa: PLR0913  all that a run depends on
    client: Client,
    requests: Requests,
    name: str,
    call: StartWorkflow,
    workflow_type: str,
    options: Mapping[str, Any],
    *,
    project: str | None,
    redaction: Redaction = NOTHING_REDACTED,
) -> tuple[str, str]:
    """Start a run that belongs to a job and to its project.

    Args:
        client: Whose converter encodes the arguments.
        requests: How to reach the server for the types of search attributes.
        name: The job.
        call: `client.start_workflow`, or what stands for it.
        workflow_type: What runs.
        options: Keyword arguments for `call`, from `make_start_options`.
        project: The job's project; None for a job without one.
        redaction: What no message may quote of the arguments and the memo.

    Returns:
        Its workflow id and its run id.

    Raises:
        AlreadyStartedError: A run of that workflow id is running.
        UsageError: An argument or an option cannot be sent.
        InvalidDefinitionError: `call` returned something else than a handle, or a search attribute does not fit the
            namespace.
    """
    attributes = await make_search_attributes(client, requests, options.get("search_attributes") or {})
    given = {**options, "search_attributes": _mark_job(attributes, name)}
    try:
        handle = await call(workflow_type, **{**given, "memo": await _mark_project(client, options, project)})
    except Exception as error:
        attempt = _start_call(client, name, options, redaction)
        reason = await attempt.explain(error)
        if reason is None and call == client.start_workflow:
            reason = attempt.explain_refusal(error)
        if reason is None:
            raise  # of the user's own code
        raise add_doubt(reason, f"the run `{attempt.workflow_id}` may have been started") from error
    if not isinstance(handle, WorkflowHandle):
        kind = type(handle).__name__
        raise InvalidDefinitionError(
            f"`execute` of the job `{name}` must return the handle of the run that it started, not a `{kind}`"
        )
    return handle.id, handle.result_run_id or handle.run_id or handle.first_execution_run_id or ""


def _mark_job(given: TypedSearchAttributes, name: str) -> TypedSearchAttributes:
    """Add the search attribute that makes a run the job's."""
    others = [pair for pair in given if pair.key.name != JOB_ATTRIBUTE]
    return TypedSearchAttributes([*others, SearchAttributePair(_JOB_KEY, name)])


async def _mark_project(client: Client, options: Mapping[str, Any], project: str | None) -> dict[str, Any] | None:
    """Add the memo entry that makes a run the project's; the SDK sends a payload as it is."""
    memo = dict(options.get("memo") or {})
    if project:
        memo[MEMO] = await make_run_mark(client, str(options.get("id", "")), project)
    return memo or None


def _start_call(client: Client, name: str, options: Mapping[str, Any], redaction: Redaction) -> Call:
    values = [*options.get("args", ()), *(options.get("memo") or {}).values()]
    workflow_id = str(options.get("id", ""))
    what = f"start a run of the job `{name}`"
    return Call(client=client, what=what, workflow_id=workflow_id, values=values, redaction=redaction)
