"""Every exception that jobspec raises on purpose.

Mistakes in the user's text are not exceptions but diagnostics
(:mod:`jobspec.diagnostics`). These are the failures of the world and of the
caller::

    JobspecError
    ├── UsageError                  the command line or a call was used wrongly          exit 64
    ├── NotFoundError               there is no job of that name                         exit 1
    ├── InvalidDefinitionError      a job, or the code that it names, cannot be used     exit 1
    ├── NotRegisteredError          there is no code that a worker could run             exit 1
    ├── ProjectError                jobspec.toml is missing, broken or too little        exit 1 (holds diagnostics)
    ├── RefusedError                a guard refused, or a name is not ours to write      exit 3
    │   └── ForeignScheduleError    the schedule carries another project's mark, or none
    ├── ConflictError               somebody else changed it first; plan again           exit 4
    │   └── ScheduleExistsError     somebody else created it first
    ├── UnreachableError            Temporal cannot be reached; try again later          exit 69
    └── RequestError                Temporal answered, and refused or failed the request
        ├── ScheduleNotFoundError   there is no such schedule
        ├── NamespaceNotFoundError  there is no such namespace
        └── MalformedScheduleError  the server holds a schedule that cannot be read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobspec.diagnostics import Diagnostic


class JobspecError(Exception):
    """The root of all errors that jobspec raises on purpose."""


class UsageError(JobspecError):
    """A command or function was called in a way that cannot work; the message says what to do instead."""


class NotFoundError(JobspecError):
    """There is no job of that name; the message names the nearest ones."""


class InvalidDefinitionError(JobspecError):
    """A job cannot be used as it is, or the code that it names cannot; the message says all that is wrong."""


class NotRegisteredError(JobspecError):
    """A worker would have nothing to run; the message names the task queue and what its jobs lack."""


class ProjectError(JobspecError):
    """The project file is missing, broken, or lacks what the command needs.

    Args:
        message: What is wrong, one sentence.
        diagnostics: The mistakes found in the file, if it could be read.
    """

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class RefusedError(JobspecError):
    """Nothing was written because a safety rule forbids it; the message names the rule and the override."""


class ForeignScheduleError(RefusedError):
    """The schedule carries another project's mark, or none."""


class ConflictError(JobspecError):
    """The schedule was changed by somebody else between our read and our write."""


class ScheduleExistsError(ConflictError):
    """A schedule that was to be created is there already."""


class UnreachableError(JobspecError):
    """Temporal could not be reached, or did not answer in time."""


class RequestError(JobspecError):
    """Temporal answered and refused or failed the request; the SDK's error is the cause."""


class ScheduleNotFoundError(RequestError):
    """The namespace has no schedule of that name."""


class NamespaceNotFoundError(RequestError):
    """The server has no namespace of that name."""


class MalformedScheduleError(RequestError):
    """The server holds a schedule that cannot be read or repaired; only deleting it helps."""
