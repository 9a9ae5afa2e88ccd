"""Every exception that jobspec raises on purpose.

Mistakes in the user's text are not exceptions but diagnostics
(:mod:`jobspec.diagnostics`). What looks like a secret is masked in every
message; the errors of others, which ours have as their cause, are left as they
are. These are the failures of the world and of the caller::

    JobspecError
    ├── UsageError                  the command line or a call was used wrongly          exit 64
    ├── NotFoundError               there is no job, or no run, of that name             exit 1
    ├── InvalidDefinitionError      a job, or the code that it names, cannot be used     exit 1
    ├── DuplicateNameError          a registry has a job of that name already            exit 1
    ├── NotRegisteredError          there is no code that a worker could run             exit 1
    ├── NoScheduleError             the job runs on demand, it has no schedule           exit 1
    ├── ProjectError                jobspec.toml is missing, broken or too little        exit 1 (holds diagnostics)
    ├── RunFailedError              a run that was waited for did not complete           exit 1 (holds its failure)
    ├── ApplyError                  some schedules could not be applied                  exit 1, 5 (holds outcomes)
    ├── RefusedError                a safety rule forbids it, such as a foreign mark     exit 3
    │   └── ForeignScheduleError    the schedule carries another project's mark, or none
    ├── ConflictError               somebody else changed it first; plan again           exit 4
    │   ├── ScheduleExistsError     somebody else created it first
    │   └── AlreadyStartedError     a run of that workflow id is running
    ├── UnreachableError            Temporal cannot be reached; try again later          exit 69
    ├── BugError                    jobspec itself failed on one job; please report it   exit 70
    └── RequestError                Temporal answered, and refused or failed the request
        ├── ScheduleNotFoundError   there is no such schedule
        ├── NamespaceNotFoundError  there is no such namespace
        ├── MalformedScheduleError  the server holds a schedule that cannot be read
        ├── AlreadyClosedError      the run is over
        └── QueryError              the workflow knows no such query, or failed to answer it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobspec.bugs import describe_bug
from jobspec.secrets import mask

if TYPE_CHECKING:
    from jobspec.diagnostics import Diagnostic
    from jobspec.results import Failure, ScheduleOutcome, Status


class JobspecError(Exception):
    """The root of all errors that jobspec raises on purpose."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*(mask(arg, is_prose=True) if isinstance(arg, str) else arg for arg in args))


class UsageError(JobspecError):
    """A command or function was called in a way that cannot work; the message says what to do instead."""


class NotFoundError(JobspecError):
    """There is no job of that name, and the message names the nearest ones; or the job has no such run."""


class InvalidDefinitionError(JobspecError):
    """A job cannot be used as it is, or the code that it names cannot; the message says all that is wrong."""


class DuplicateNameError(JobspecError):
    """A registry has a job of that name already."""


class NotRegisteredError(JobspecError):
    """A worker would have nothing to run; the message names the task queue and what its jobs lack."""


class NoScheduleError(JobspecError):
    """The job runs on demand: it has no schedule that could be applied, paused or triggered."""


class ProjectError(JobspecError):
    """The project file is missing, broken, or lacks what the command needs.

    Args:
        message: What is wrong, one sentence.
        diagnostics: The mistakes found in the file, if it could be read.
    """

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class RunFailedError(JobspecError):
    """A run that was waited for failed, timed out, or was canceled or terminated.

    Args:
        message: Which run, and what became of it.
        status: Its state.
        failure: Why, with all that it was raised from; None where the state says all.
    """

    def __init__(self, message: str, *, status: Status, failure: Failure | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.failure = failure


class ApplyError(JobspecError):
    """Some schedules could not be applied; all were tried.

    Args:
        message: Which ones, and why.
        outcomes: What became of each schedule, in name order, those that went well included.
    """

    def __init__(self, message: str, outcomes: tuple[ScheduleOutcome, ...]) -> None:
        super().__init__(message)
        self.outcomes = outcomes


class RefusedError(JobspecError):
    """Nothing was written because a safety rule forbids it; the message names the rule and the override."""


class ForeignScheduleError(RefusedError):
    """The schedule carries another project's mark, or none."""


class ConflictError(JobspecError):
    """The schedule was changed by somebody else between our read and our write."""


class ScheduleExistsError(ConflictError):
    """A schedule that was to be created is there already."""


class AlreadyStartedError(ConflictError):
    """A run of that workflow id is running already."""


class UnreachableError(JobspecError):
    """Temporal could not be reached, or did not answer in time."""


class BugError(JobspecError):
    """A bug in jobspec that one job met; the log has the stack, and other jobs are not concerned."""


class RequestError(JobspecError):
    """Temporal answered and refused or failed the request; the SDK's error is the cause."""


class ScheduleNotFoundError(RequestError):
    """The namespace has no schedule of that name."""


class NamespaceNotFoundError(RequestError):
    """The server has no namespace of that name."""


class MalformedScheduleError(RequestError):
    """The server holds a schedule that cannot be read or repaired; only deleting it helps."""


class AlreadyClosedError(RequestError):
    """The run is over, so it can be neither signaled, canceled nor terminated."""


class QueryError(RequestError):
    """The workflow knows no query of that name, or failed to answer it."""


def report_bug(what: str, error: Exception) -> BugError:
    """Make an unexpected exception the failure of the one job that met it, and log where it came from, once.

    Args:
        what: What was tried, such as "read the schedule `orders`".
        error: The exception.
    """
    import logging  # `--help` needs neither it nor what it loads

    message = f"cannot {what}: a bug in jobspec ({describe_bug(error)}); please report it"
    if message not in _reported:  # a daemon meets the same bug in every cycle
        _reported.add(message)
        # Shown as an error of ours, because what the exception itself says may quote values of the job.
        shown = (BugError, BugError(f"{type(error).__name__} (what it says is left out)"), error.__traceback__)
        logging.getLogger("jobspec").error(message, exc_info=shown)
    bug = BugError(message)
    bug.__cause__ = error
    return bug


_reported: set[str] = set()
"""The bugs that were logged; each names a job and a line of code, so they are few."""
