"""The input of a job as its workflow sees it: plain values, read by the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jobspec.errors import InvalidDefinitionError
from jobspec.jobs.construction import refuse
from jobspec.jobs.decorated_code import WorkflowCode
from jobspec.jobs.input_reader import Reader, UnreadableTypeError, make_reader
from jobspec.jobs.privacy import hide_arguments

if TYPE_CHECKING:
    from jobspec.jobs.job_code import JobCode
    from jobspec.spec.model import JobSpec
    from jobspec.spec.redaction import Redaction


def read_input(spec: JobSpec, code: JobCode, redaction: Redaction) -> Any:
    """Read the one argument of a job, or what the model makes of nothing where the job has none.

    Args:
        spec: The job.
        code: What it names, without mistakes.
        redaction: What no message may quote.

    Raises:
        InvalidDefinitionError: There is no model, or the input does not fit it.
    """
    if spec.args:
        raise InvalidDefinitionError(f"the job `{spec.name}` takes several arguments, so it has no one input to make")
    reader = _find_reader(spec, code)
    if "input" in spec.model_fields_set:
        refuse(spec.name, hide_arguments(reader.check(spec.input, ("input",), "JS322"), spec, redaction))
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
