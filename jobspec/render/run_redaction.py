"""Runs without the values that must not be shown.

A run's own input, memo, search attributes and texts are what its spec says, so the same paths lead to the same values.
Workflows often hand their input on, so arguments of activities are treated as if each of them were the input. Results
and failures have no place in a spec: of them, only what looks like a secret is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jobspec.render.payload_values import to_json
from jobspec.results import Raw
from jobspec.secrets import mask
from jobspec.spec.redaction import NOTHING_REDACTED, REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobspec.results import Failure, RunDetail, RunHistory
    from jobspec.spec.positions import ValuePath


def redact_detail(detail: RunDetail, redaction: Redaction) -> RunDetail:
    """Leave out of a run what must not be shown."""
    return replace(
        detail,
        memo=_redact_each(detail.memo, ("run", "memo"), redaction),
        search_attributes=_redact_each(detail.search_attributes, ("run", "search_attributes"), redaction),
        static_summary=detail.static_summary and _redact(detail.static_summary, ("run", "static_summary"), redaction),
        static_details=detail.static_details and _redact(detail.static_details, ("run", "static_details"), redaction),
        pending_activities=tuple(
            replace(each, last_failure=redact_failure(each.last_failure)) for each in detail.pending_activities
        ),
    )


def redact_history(history: RunHistory, redaction: Redaction) -> RunHistory:
    """Leave out of a run's history what must not be shown."""
    activities = tuple(
        replace(
            activity,
            input=tuple(_redact(value, ("args", 0), redaction) for value in activity.input),
            result=_redact(activity.result, ("result",), redaction),
            failure=redact_failure(activity.failure),
            last_failure=redact_failure(activity.last_failure),
        )
        for activity in history.activities
    )
    return replace(
        history,
        input=_redact_arguments(history.input, redaction),
        result=_redact(history.result, ("result",), redaction),
        failure=redact_failure(history.failure),
        activities=activities,
    )


def redact_failure(failure: Failure | None) -> Failure | None:
    """Mask what looks like a secret in a failure and in all that it was raised from."""
    if failure is None:
        return None
    return replace(
        failure,
        message=mask(failure.message, is_prose=True),
        details=tuple(_redact(value, ("details",), NOTHING_REDACTED) for value in failure.details),
        cause=redact_failure(failure.cause),
        stack_trace=mask(failure.stack_trace, is_prose=True),
    )


def _redact_arguments(values: Iterable[Any], redaction: Redaction) -> tuple[Any, ...]:
    return tuple(_redact(value, ("args", index), redaction) for index, value in enumerate(values))


def _redact_each(values: Mapping[str, Any], path: ValuePath, redaction: Redaction) -> dict[str, Any]:
    return {key: _redact(value, (*path, key), redaction) for key, value in values.items()}


def _redact(value: Any, path: ValuePath, redaction: Redaction) -> Any:
    """Replace what must not be shown; all of a value where only its bytes are known, or a text that stands for it.

    A project's own data converter may make objects of payloads, whose parts are found once they are plain values.
    """
    if isinstance(value, Raw | bytes):
        return REDACTED if redaction.concerns(path) else value
    shown = to_json(value)
    if isinstance(shown, str) and not isinstance(value, str) and redaction.concerns(path):
        return REDACTED
    hidden = redaction.apply(shown, path)
    return value if hidden is shown else hidden
