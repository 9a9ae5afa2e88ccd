"""Finding the job that a command line names, or saying what may be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.errors import NotFoundError

if TYPE_CHECKING:
    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.loaded import Job, Loaded


def find_job(loaded: Loaded, name: str) -> Job:
    """Find a job by its name; what is wrong with it is said on stderr.

    Args:
        loaded: The jobs.
        name: As given.

    Raises:
        NotFoundError: There is none that can be used.
    """
    job = loaded.jobs.get(name)
    if job is not None:
        return job
    from jobspec.cli.output import say_diagnostics

    is_known = name in loaded.frozen or name in loaded.absent
    found = [each for each in loaded.diagnostics if each.job == name or (not is_known and _hides_jobs(each))]
    say_diagnostics(found)
    raise _refuse_name(name, loaded, is_hidden=bool(found))


def _hides_jobs(found: Diagnostic) -> bool:
    """Whether it may be the reason why a job is not known: its file could not be read."""
    return found.is_error and found.code < "JS1"


def _refuse_name(name: str, loaded: Loaded, *, is_hidden: bool) -> NotFoundError:
    from difflib import get_close_matches

    if name in loaded.frozen:
        return NotFoundError(f"the job `{name}` has mistakes, so there is nothing to show; see above")
    if name in loaded.absent:
        return NotFoundError(f"the job `{name}` is not there in this environment")
    if is_hidden:
        return NotFoundError(f"no spec that can be read names a job `{name}`; see above")
    nearest = get_close_matches(name, loaded.jobs, n=3)
    hint = "; did you mean " + " or ".join(f"`{match}`" for match in nearest) + "?" if nearest else ""
    return NotFoundError(f"no spec names a job `{name}`{hint}")
