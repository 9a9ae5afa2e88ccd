"""Definitions on their way to another process: the code of a job goes there by name, as pickle has it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from jobspec.jobs.decorated_code import Mistake
from jobspec.jobs.input_reader import Reader
from jobspec.jobs.job_code import Named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobspec.jobs.job_code import CodeSource


def list_given(source: CodeSource) -> tuple[Any, tuple[Any, ...], Any]:
    """List the code of a job as it was given: its workflow, its activities and the type of its input."""
    activities = tuple(_unwrap(each) for each in source.activities)
    model = source.model.type if isinstance(source.model, Reader) else source.model
    return _unwrap(source.workflow), activities, model


def _unwrap(code: Named | str | None) -> Any:
    return code.code.implementation if isinstance(code, Named) and not isinstance(code.code, Mistake) else code


def check_portable(name: str, parts: Iterable[tuple[str, Any]]) -> None:
    """Refuse what another process could not find.

    Args:
        name: The job.
        parts: What it is made of, each by its argument.

    Raises:
        TypeError: One cannot be pickled, as pickle itself raises it, with the reason.
    """
    for argument, part in parts:
        try:
            pickle.dumps(part)
        except Exception as error:
            shown = getattr(part, "__qualname__", None) or repr(part)
            raise TypeError(
                f"the job `{name}` cannot be pickled: another process cannot import its {argument} `{shown}`; define "
                f"it at the top of a module, or name it by its import path ({error})"
            ) from error
