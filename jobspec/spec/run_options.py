"""How the runs of a job are started: the `run` of a spec and its parts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from jobspec.spec.frozen_model import SpecPart, mistake
from jobspec.spec.scalars import PositiveDuration, Timeout, WorkflowId, as_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_FAIRNESS_KEY = 64
"""Bytes; the server takes a longer key into the schedule and then never starts the workflow."""


def _attribute(value: Any) -> Any:
    if isinstance(value, list | tuple) and not value:
        raise mistake("JS110", "a search attribute must not be an empty list", "leave it out to have none")
    return as_tuple(value)


class RetryPolicy(SpecPart):
    """How a failed run is tried again; Temporal's words and defaults."""

    initial_interval: PositiveDuration = timedelta(seconds=1)
    """Wait before the first retry."""

    backoff_coefficient: Annotated[float, Field(json_schema_extra={"minimum": 1})] = 2.0
    """Factor by which each wait grows; 1 at least."""

    maximum_interval: PositiveDuration | None = None
    """Longest wait; default: a hundred times the initial interval."""

    maximum_attempts: Annotated[int, Field(json_schema_extra={"minimum": 0})] = 0
    """How many attempts in all; 0 has no limit."""

    non_retryable_error_types: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    """Error types that are not tried again."""

    if TYPE_CHECKING:  # what may be written, which is more than what is kept

        def __init__(
            self,
            *,
            initial_interval: timedelta | str = ...,
            backoff_coefficient: float = ...,
            maximum_interval: timedelta | str | None = ...,
            maximum_attempts: int = ...,
            non_retryable_error_types: Sequence[str] = ...,
        ) -> None: ...

    # The scheduler stores any policy; starting the workflow then fails (common/retrypolicy, Validate).

    @field_validator("backoff_coefficient")
    @classmethod
    def _backoff_grows(cls, coefficient: float) -> float:
        if not 1.0 <= coefficient < float("inf"):
            raise mistake("JS230", "the backoff coefficient must be 1 or more")
        return coefficient

    @field_validator("maximum_interval")
    @classmethod
    def _intervals_grow(cls, maximum: timedelta | None, info: ValidationInfo) -> timedelta | None:
        initial = info.data.get("initial_interval")
        if maximum and initial and maximum < initial:
            message = "the maximum interval must not be shorter than the initial one"
            raise mistake("JS230", message, other="initial_interval")
        return maximum

    @field_validator("maximum_attempts")
    @classmethod
    def _attempts_count(cls, attempts: int) -> int:
        if attempts < 0:
            raise mistake("JS230", "the number of attempts cannot be negative", "write 0 for no limit")
        return attempts


class Priority(SpecPart):
    """Which of the waiting runs a worker takes first; Temporal's words."""

    priority_key: Annotated[int | None, Field(json_schema_extra={"minimum": 1})] = None
    """1 is the most urgent."""

    fairness_key: str = ""
    """Runs with the same key share their part of the capacity; 64 bytes at most."""

    fairness_weight: Annotated[float | None, Field(json_schema_extra={"minimum": 0.001, "maximum": 1000})] = None
    """Share of the capacity of this key against others; 0.001 to 1000."""

    # The scheduler stores any priority; starting the workflow then fails (common/priorities, Validate).

    @field_validator("priority_key")
    @classmethod
    def _key_counts(cls, key: int | None) -> int | None:
        if key is not None and key < 1:
            raise mistake("JS231", "the priority key must be 1 or more")
        return key

    @field_validator("fairness_key")
    @classmethod
    def _key_fits(cls, key: str) -> str:
        if len(key.encode()) > LONGEST_FAIRNESS_KEY:
            raise mistake("JS231", "the fairness key is longer than 64 bytes")
        return key

    @field_validator("fairness_weight")
    @classmethod
    def _weight_fits(cls, weight: float | None) -> float | None:
        if weight is not None and not 0.001 <= weight <= 1000:  # noqa: PLR2004
            raise mistake("JS231", "the fairness weight must be from 0.001 to 1000")
        return weight


RESERVED_MEMO_KEY: Final = "jobspec"
"""Where a run that is started by hand bears the project's mark."""

SearchAttributeValue = str | int | float | bool | tuple[str, ...]


class RunOptions(SpecPart):
    """Options of every run, scheduled or started by hand; Temporal's names."""

    workflow_id: WorkflowId | None = None
    """Workflow id of scheduled runs, to which the server adds the time; default: the job's name."""

    execution_timeout: Timeout | None = None
    """Longest time for a run with all its retries and continuations."""

    run_timeout: Timeout | None = None
    """Longest time for one attempt."""

    task_timeout: Timeout | None = None
    """Longest time for one workflow task; default: 10s."""

    retry_policy: RetryPolicy | None = None
    """How a failed run is tried again; without it a failed run stays failed."""

    memo: dict[str, Any] = Field(
        default={},
        examples=[{"team": "orders"}],
        json_schema_extra={"propertyNames": {"not": {"const": RESERVED_MEMO_KEY}}},
    )
    """Shown with every run."""

    search_attributes: dict[
        str,
        Annotated[
            SearchAttributeValue,
            BeforeValidator(_attribute),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": ["string", "number", "boolean"]},
                        {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    ]
                }
            ),
        ],
    ] = Field(default={}, examples=[{"Region": "eu"}])
    """Makes runs findable; the attributes must be registered in the namespace."""

    static_summary: Annotated[str, Field(examples=["Orders of the last hour"])] = ""
    """One line of Markdown, shown with every run in the UI."""

    static_details: str = ""
    """Markdown of several lines, shown with every run in the UI."""

    priority: Priority | None = None
    """Which of the waiting runs a worker takes first."""

    if TYPE_CHECKING:  # what may be written, which is more than what is kept

        def __init__(  # noqa: PLR0913  one argument a field
            self,
            *,
            workflow_id: str | None = ...,
            execution_timeout: timedelta | str | None = ...,
            run_timeout: timedelta | str | None = ...,
            task_timeout: timedelta | str | None = ...,
            retry_policy: RetryPolicy | None = ...,
            memo: Mapping[str, Any] = ...,
            search_attributes: Mapping[str, SearchAttributeValue | Sequence[str]] = ...,
            static_summary: str = ...,
            static_details: str = ...,
            priority: Priority | None = ...,
        ) -> None: ...

    @field_validator("memo")
    @classmethod
    def _memo_bears_no_mark(cls, memo: dict[str, Any]) -> dict[str, Any]:
        if RESERVED_MEMO_KEY in memo:
            message = f"the memo key `{RESERVED_MEMO_KEY}` is reserved for the project's mark"
            raise mistake("JS201", message, "choose another key", path=(RESERVED_MEMO_KEY,))
        return memo

    # The server shortens an inner timeout that is longer than an outer one, without a word.

    @field_validator("run_timeout")
    @classmethod
    def _run_ends_in_time(cls, timeout: timedelta | None, info: ValidationInfo) -> timedelta | None:
        outer = info.data.get("execution_timeout")
        if timeout and outer and timeout > outer:
            raise mistake("JS211", "`run_timeout` is longer than `execution_timeout`", other="execution_timeout")
        return timeout

    @field_validator("task_timeout")
    @classmethod
    def _task_ends_in_time(cls, timeout: timedelta | None, info: ValidationInfo) -> timedelta | None:
        key = "run_timeout" if info.data.get("run_timeout") else "execution_timeout"
        outer = info.data.get(key)
        if timeout and outer and timeout > outer:
            raise mistake("JS211", f"`task_timeout` is longer than `{key}`", other=key)
        return timeout
