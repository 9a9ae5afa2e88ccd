"""The input of a job: for a run that is started by hand, and as the workflow will see it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ValidationError

from jobspec.errors import InvalidDefinitionError
from jobspec.library.call_arguments import is_list
from jobspec.library.checks import check_arguments
from jobspec.library.construction import accept, refuse, unite_payloads
from jobspec.library.decorated_code import WorkflowCode
from jobspec.library.input_reader import Reader, UnreadableTypeError, make_reader
from jobspec.library.payloads import check_payloads
from jobspec.spec.hidden_values import hide_arguments
from jobspec.spec.run_options import RunOptions
from jobspec.spec.validation import make_problems, validate_job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jobspec.library.coded_job import CodedJob
    from jobspec.library.job_code import JobCode
    from jobspec.spec.model import JobSpec
    from jobspec.spec.validation import Problem


class Unset(Enum):
    """Stands for an argument that was not given, where None is a value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


def list_arguments(value: Any, args: Sequence[Any] | Literal[Unset.UNSET]) -> dict[str, Any]:
    """List the arguments that were given, by the keys of a spec."""
    given = {} if value is UNSET else {"input": value}
    return given if args is UNSET else {**given, "args": list_values(args)}


def list_values(values: Any) -> Any:
    """Make a list of any iterable but text and mappings, which the model then refuses."""
    return list(values) if is_list(values) else values


def fit_run(spec: JobSpec, options: Mapping[str, Any], arguments: Mapping[str, Any]) -> JobSpec:
    """Make the job as it is for one run.

    Args:
        spec: The job.
        options: Run options that replace the job's own.
        arguments: What `list_arguments` gave; where there are any, they replace all of the job's own.

    Raises:
        InvalidDefinitionError: The job with these is not valid.
    """
    own = {key: getattr(spec, key) for key in spec.model_fields_set}
    if arguments:
        own = {key: value for key, value in own.items() if key not in ("input", "args")}
    run = _fit_options(spec.name, {**{key: getattr(spec.run, key) for key in spec.run.model_fields_set}, **options})
    return accept(spec.name, validate_job({**own, **arguments, "run": run}))


def _fit_options(name: str, values: dict[str, Any]) -> RunOptions:
    try:
        return RunOptions.model_validate(values)
    except ValidationError as error:
        refuse(name, make_problems(error, values))
        raise


def check_run_input(job: CodedJob, spec: JobSpec, code: JobCode, *, own_converter: bool) -> None:
    """Check what a run is given against the job's code and the JSON Schema of its input.

    Args:
        job: The job.
        spec: The job as it is for the run.
        code: Its code, without mistakes.
        own_converter: Whether another converter than the Pydantic one sends the input.

    Raises:
        InvalidDefinitionError: The input does not fit, or cannot be sent.
    """
    refuse(spec.name, hide_arguments(_judge(job, spec, code, own_converter=own_converter), spec, job.redaction))


def _judge(job: CodedJob, spec: JobSpec, code: JobCode, *, own_converter: bool) -> Iterator[Problem]:
    values = {**{key: getattr(spec, key) for key in spec.model_fields_set}, "run": spec.run}
    fitting = check_arguments(spec, code, must_be_complete=True, own_converter=own_converter)
    yield from unite_payloads(check_payloads(values, own_converter=own_converter), fitting)
    if job.schema is not None and "input" in spec.model_fields_set:
        from jobspec.spec.input_schema import check_input

        yield from check_input(job.schema, spec.input).problems


def read_input(job: CodedJob) -> Any:
    """Read the one argument of a job, or what the model makes of nothing where the job has none.

    Args:
        job: The job.

    Raises:
        InvalidDefinitionError: There is no model, the input does not fit it, or the job's code cannot be imported.
    """
    code, spec = job.load_code(), job.spec
    if spec.args:
        raise InvalidDefinitionError(f"the job `{spec.name}` takes several arguments, so it has no one input to make")
    reader = _find_reader(spec, code)
    if "input" in spec.model_fields_set:
        refuse(spec.name, hide_arguments(reader.check(spec.input, ("input",), "JS322"), spec, job.redaction))
        return reader.read(spec.input)
    try:
        return reader.read({})
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in error.errors())
        message = (
            f"the job `{spec.name}` has no input, and {reader.label} cannot be made of its defaults alone: {reason}"
        )
        raise InvalidDefinitionError(message) from error


def _find_reader(spec: JobSpec, code: JobCode) -> Reader:
    if isinstance(code.model, Reader):
        return code.model
    workflow = code.workflow.code if code.workflow else None
    if isinstance(workflow, WorkflowCode) and workflow.parameters:
        parameter = workflow.parameters[0]
        try:
            return make_reader(parameter.read_as, f"`{parameter.name}` of {workflow.called}")
        except UnreadableTypeError as error:
            raise InvalidDefinitionError(f"the input of the job `{spec.name}` has no model: {error}") from error
    raise InvalidDefinitionError(
        f"the job `{spec.name}` has no input model: give it `input_model`, or annotate the argument of `run()`"
    )
