"""What is wrong with a job, without the values that must not be shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic_core import to_jsonable_python

from jobspec.spec.hidden_values import hide_texts, list_leaves
from jobspec.spec.validation import say_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobspec.spec.model import JobSpec
    from jobspec.spec.redaction import Redaction
    from jobspec.spec.validation import Problem

_UNTOLD: Final = "`{}` cannot be written as JSON, and why is not told, for the project redacts parts of it"


def hide_arguments(problems: Iterable[Problem], spec: JobSpec, redaction: Redaction) -> Iterator[Problem]:
    """Leave the arguments out of problems that must not be shown, as `hide_values` does for what is in files.

    Args:
        problems: What is wrong with the arguments.
        spec: The job that has them.
        redaction: What must not be shown.
    """
    found = tuple(problems)
    if not found:
        return
    try:
        value = to_jsonable_python({"input": spec.input, "args": spec.args}, fallback=str)
    except ValueError:  # it contains itself, is too deep or refuses; what is private in it nobody knows then
        if not redaction:
            yield from found
            return
        yield from (replace(problem, message=_UNTOLD.format(say_path(problem.path)), hint="") for problem in found)
        return
    hidden = [leaf for path in redaction.find(value) for leaf in list_leaves(value, path)]
    for problem in found:
        message, hint = problem.message, problem.hint
        for place, leaf in hidden:
            is_meant = place == problem.path
            message, hint = (hide_texts(text, leaf, is_meant=is_meant) for text in (message, hint))
        yield replace(problem, message=message, hint=hint)
