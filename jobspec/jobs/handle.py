"""A run in hand: what `execute` and `get_run` give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from temporalio.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHandle:
    """One run of a job; holding it costs nothing and asks nothing of the server.

    Attributes:
        client: How to reach it.
        workflow_id: Its workflow id.
        run_id: Its run id; None means the latest run of the workflow id.
        result_type: What `run()` is annotated to return; None leaves plain JSON.
        job: The job whose run it must be; None for one that `execute` has just started.
    """

    client: Client = field(repr=False)
    workflow_id: str
    run_id: str | None = None
    result_type: Any = field(default=None, repr=False)
    job: str | None = field(default=None, repr=False)

    async def result(self) -> Any:
        """Wait for the run, and the runs that it continues as, and give what it returned.

        Raises:
            RunFailedError: It failed, timed out, or was canceled or terminated.
            NotFoundError: There is no such run, or it is another job's.
            UnreachableError: Temporal stayed away for too long.
            NamespaceNotFoundError: There is no such namespace.
            RequestError: What it returned cannot be decoded.
        """
        from jobspec.live.runs import Runs

        return await Runs(self.client).result(self.workflow_id, self.run_id, self.result_type, name=self.job)
