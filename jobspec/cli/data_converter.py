"""The project's data converter: how inputs become payloads, and the one piece of user code that writing loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.errors import ProjectError
from jobspec.imports import ImportPathError, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from temporalio.converter import DataConverter


def resolve_data_converter(path: str | None, root: Path) -> DataConverter:
    """Load the converter that `jobspec.toml` names, or take Temporal's Pydantic converter.

    Args:
        path: Import path of a `temporalio.converter.DataConverter`; None where the project names none.
        root: Where import paths start, the directory of `jobspec.toml`.

    Raises:
        ProjectError: It cannot be imported, or is something else.
    """
    if path is None:
        from temporalio.contrib.pydantic import pydantic_data_converter

        return pydantic_data_converter
    from temporalio.converter import DataConverter

    try:
        value = resolve(path, root)
    except ImportPathError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise ProjectError(f"the data converter cannot be loaded: {error.message}{hint}") from error
    if isinstance(value, DataConverter):
        return value
    if isinstance(value, type):
        raise ProjectError(f"the data converter `{path}` is a class: name an instance of `DataConverter`")
    raise ProjectError(f"the data converter `{path}` is no `temporalio.converter.DataConverter` but {value!r:.100}")
