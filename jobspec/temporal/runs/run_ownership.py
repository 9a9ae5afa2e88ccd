"""Which project a run belongs to, asked before something is done to the run.

Jobs of two projects can have the same name, and runs are found by that name alone. So a run is acted on only where its
project is known: by the mark that `execute` and `jobspec run` put on it, and otherwise by the mark of the schedule of
that name, which may have started it. The mark of a run outweighs that of the schedule: a run that another project
started by hand is theirs, no matter whose the schedule is.

The mark of a run is the same memo entry as that of a schedule (:mod:`jobspec.temporal.ownership`), plain JSON past the
client's data converter. But workers take the memo of a run through their codec, and one that refuses what it did not
encode would fail every workflow task; for such a codec the mark is encoded.
"""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING, Literal

from temporalio.api.workflowservice.v1 import DescribeScheduleRequest
from temporalio.converter import WorkflowSerializationContext

from jobspec.errors import NotFoundError, RefusedError
from jobspec.temporal.ownership import MEMO, Mark, read_mark
from jobspec.temporal.plain_json import plain_payload

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.workflow.v1 import WorkflowExecutionInfo
    from temporalio.client import Client
    from temporalio.converter import PayloadCodec

    from jobspec.temporal.requests import Requests

Verb = Literal["signal", "cancel", "terminate"]


async def check_run_ownership(
    client: Client,
    requests: Requests,
    verb: Verb,
    name: str,
    info: WorkflowExecutionInfo,
    *,
    owners: frozenset[str],
) -> None:
    """Refuse to act on a run unless it belongs to the project.

    Args:
        client: Of the namespace.
        requests: How to reach the server.
        verb: What shall be done to the run.
        name: The job, whose run it is by name.
        info: The run, described a moment ago.
        owners: The project's id and its former ones; empty for a job without a project.

    Raises:
        RefusedError: It belongs to another project, or nothing tells whose it is.
    """
    mark = await _read_run_mark(client, info)
    schedule = None if mark is not None else await _find_schedule_mark(client, requests, name)
    objection = find_objection(name, mark, schedule, owners=owners)
    if objection is None:
        return
    run = info.execution
    command = ["temporal", "workflow", verb, "--workflow-id", run.workflow_id, "--run-id", run.run_id]
    command += ["--namespace", client.namespace, *(["--name", "SIGNAL"] if verb == "signal" else [])]
    raise RefusedError(
        f"cannot {verb} the run `{run.workflow_id}`: {objection}; to {verb} it anyway, use `{shlex.join(command)}`"
    )


def find_objection(name: str, mark: str | None, schedule: Mark | None, *, owners: frozenset[str]) -> str | None:
    """Decide whether a run belongs to a project.

    Args:
        name: The job.
        mark: The mark of the run itself; None where it has none.
        schedule: The mark of the schedule with the job's name; None where there is no such schedule. It counts only
            where the run has no mark.
        owners: The project's id and its former ones; empty for a job without a project, which may act on runs that no
            project claims.

    Returns:
        Why it does not, and what to do; None where it does.
    """
    claimant = mark or (schedule.project if schedule else None)
    if claimant in owners or (claimant is None and not owners):
        return None
    if claimant is not None:
        whose = "it" if mark else f"it has no project's mark, and the schedule `{name}`"
        return f"{whose} belongs to the project `{claimant}`; {_advise(owners)}"
    if schedule is not None:
        take_over = f"if that schedule is this project's, run `jobspec adopt {name}`"
        return f"neither it nor the schedule `{name}` has a project's mark; {take_over}"
    return (
        f"it has no project's mark, and there is no schedule `{name}` that tells whose it is (somebody deleted the "
        "schedule, or an earlier version of jobspec started the run by hand)"
    )


def _advise(owners: frozenset[str]) -> str:
    if owners:
        return "if that is a former id of this project, add it to `also_owns`"
    return "give the job that project if it is the same"


async def make_run_mark(client: Client, workflow_id: str, project: str) -> Payload:
    """Make the memo entry that says which project a run belongs to.

    Args:
        client: Whose codec the workers have, too.
        workflow_id: Of the run.
        project: Its project.
    """
    plain = plain_payload(project)
    codec = _codec_of(client, workflow_id)
    if codec is None:
        return plain
    with contextlib.suppress(Exception):  # a codec is user code and may raise anything
        if list(await codec.decode([plain])) == [plain]:
            return plain
    (encoded,) = await codec.encode([plain])
    return encoded


async def _read_run_mark(client: Client, info: WorkflowExecutionInfo) -> str | None:
    fields = info.memo.fields
    mark = read_mark({}, fields).project
    codec = _codec_of(client, info.execution.workflow_id)
    if mark is not None or codec is None or MEMO not in fields:
        return mark
    try:
        (decoded,) = await codec.decode([fields[MEMO]])
    except Exception:  # noqa: BLE001  as above; one that another codec encoded is not ours
        return None
    return read_mark({}, {MEMO: decoded}).project


def _codec_of(client: Client, workflow_id: str) -> PayloadCodec | None:
    if client.data_converter.payload_codec is None:
        return None
    context = WorkflowSerializationContext(namespace=client.namespace, workflow_id=workflow_id)
    return client.data_converter.with_context(context).payload_codec


async def _find_schedule_mark(client: Client, requests: Requests, name: str) -> Mark | None:
    request = DescribeScheduleRequest(namespace=client.namespace, schedule_id=name)
    try:
        rpc = client.workflow_service.describe_schedule
        answer = await requests.send(rpc, request, what=f"read the mark of the schedule `{name}`")
    except NotFoundError:  # what the gateway for runs makes of any NOT_FOUND
        return None
    return read_mark(answer.search_attributes.indexed_fields, answer.memo.fields)
