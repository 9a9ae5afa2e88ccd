"""What starting a run by hand sends: the run options of a spec in the words of the SDK's client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.common import Priority, RetryPolicy, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.spec import model


def make_start_options(spec: model.JobSpec, *, workflow_id: str) -> dict[str, Any]:
    """Make the keyword arguments of `Client.start_workflow`, the workflow type aside.

    Args:
        spec: The job, with the arguments and options of this run.
        workflow_id: Of this run.
    """
    run = spec.run
    return {
        "args": list(spec.arguments),
        "id": workflow_id,
        "task_queue": spec.queue,
        "execution_timeout": run.execution_timeout,
        "run_timeout": run.run_timeout,
        "task_timeout": run.task_timeout,
        "retry_policy": _retry_policy(run.retry_policy) if run.retry_policy else None,
        "memo": dict(run.memo) or None,
        "search_attributes": _search_attributes(run.search_attributes),
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


def _search_attributes(values: Mapping[str, model.SearchAttributeValue]) -> TypedSearchAttributes:
    return TypedSearchAttributes([_pair(name, value) for name, value in values.items()])


def _pair(name: str, value: model.SearchAttributeValue) -> SearchAttributePair[Any]:
    """Pair a value with a key that can carry it; the server goes by the type that is registered, not by the key's."""
    match value:
        case bool():
            return SearchAttributePair(SearchAttributeKey.for_bool(name), value)
        case int():
            return SearchAttributePair(SearchAttributeKey.for_int(name), value)
        case float():
            return SearchAttributePair(SearchAttributeKey.for_float(name), value)
        case str():
            return SearchAttributePair(SearchAttributeKey.for_keyword(name), value)
        case _:
            return SearchAttributePair(SearchAttributeKey.for_keyword_list(name), list(value))
