"""Saved plans as JSON documents, and back: whether one is whole, and whether this version can read it."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ValidationError

from jobspec.errors import RefusedError, UsageError
from jobspec.planning.plan import Action, Plan
from jobspec.planning.saved import Difference, Intent, Intents
from jobspec.render.documents import KIND, JsonDocument, Time, Version
from jobspec.render.terminal import escape
from jobspec.timing.moments import write_utc

_AGAIN = "make the plan again with `jobspec plan --out`"


class IntentDocument(JsonDocument):
    """What is to be done to one schedule, without any of its values."""

    name: str
    """The job's name, which is the Schedule ID."""

    action: Action
    """What is done."""

    fields: tuple[str, ...]
    """The fields that differ."""

    spec: str | None
    """The digest of the spec; null where no spec wants the schedule."""

    live: str | None
    """The digest of the live schedule; null where there is none."""


class DifferenceDocument(JsonDocument):
    """One job of which something else would be done now than was planned."""

    name: str
    """The job's name, which is the Schedule ID."""

    message: str
    """Why, as a sentence without a full stop."""

    planned: IntentDocument | None
    """What was planned; null for nothing."""

    needed: IntentDocument | None
    """What would be done now; null for nothing."""


class SavedPlanDocument(JsonDocument):
    """A plan to be applied later: which schedules it is about, and digests instead of values."""

    kind: Annotated[Literal["saved_plan"], KIND] = "saved_plan"

    version: Version = 1

    jobspec: str
    """The version of jobspec that made it; another one may plan differently."""

    project: str
    """Whose schedules these are."""

    namespace: str
    """Where they are."""

    namespace_digest: str
    """Of the namespace's id, by which another one of the same name, on another server, is known."""

    environment: str | None
    """The environment that the specs were merged for."""

    made_at: Time
    """When it was made; it does not grow old by that."""

    key: tuple[str, ...] | None
    """The key of the digests, sealed by the data converter's codec, in Base64; null without a codec, where it is the
    namespace's id."""

    changes: tuple[IntentDocument, ...]
    """The writes, in name order."""

    retired: tuple[str, ...]
    """Jobs that are retired already and wait for the end of their grace time."""

    checksum: str
    """Of all that was shown of the changes, as plans have it."""

    digest: str
    """Of all else in this document, so that a damaged one is known."""


def saved_plan_document(  # noqa: PLR0913  one argument a part of the document
    plan: Plan,
    intents: Intents,
    *,
    namespace_digest: str,
    key: Sequence[bytes] | None,
    checksum: str,
    made_at: datetime,
    version: str,
) -> SavedPlanDocument:
    """Make the document of a plan that is saved.

    Args:
        plan: The plan.
        intents: What is to be done.
        namespace_digest: Of the namespace's id.
        key: The sealed key of the digests; None without one.
        checksum: Of what was shown.
        made_at: When it was planned.
        version: The version of jobspec.
    """
    document = SavedPlanDocument(
        jobspec=version,
        project=plan.project,
        namespace=plan.namespace or "",
        namespace_digest=namespace_digest,
        environment=plan.environment,
        made_at=write_utc(made_at, "seconds"),
        key=None if key is None else tuple(base64.b64encode(part).decode() for part in key),
        changes=tuple(map(IntentDocument.of, intents.changes)),
        retired=intents.retired,
        checksum=checksum,
        digest="",
    )
    return document.model_copy(update={"digest": _digest(document)})


def read_saved_plan(text: str, *, name: str, version: str) -> SavedPlanDocument:
    """Read a saved plan.

    Args:
        text: What the file says.
        name: The file's name, for messages.
        version: The version of jobspec.

    Raises:
        UsageError: It is something else.
        RefusedError: It is not whole, or another version made it.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"`{name}` is no saved plan: it is no JSON; `jobspec plan --out` writes one") from error
    if not isinstance(value, dict) or value.get("kind") != "saved_plan":
        raise UsageError(f"`{name}` is no saved plan; `jobspec plan --out` writes one")
    if value.get("version") != 1 or value.get("jobspec") != version:
        by = f" by jobspec {value['jobspec']}" if isinstance(value.get("jobspec"), str) else ""
        raise RefusedError(f"`{name}` was made{by}, and this is {version}, which may plan differently; {_AGAIN}")
    try:
        document = SavedPlanDocument.model_validate(value)
    except ValidationError as error:
        raise RefusedError(f"`{name}` is damaged; {_AGAIN}") from error
    if document.digest != _digest(document):
        raise RefusedError(f"`{name}` is not as it was written; {_AGAIN}")
    return document


def read_key(document: SavedPlanDocument) -> tuple[bytes, ...] | None:
    """Take the sealed key out of a saved plan; None without one."""
    try:
        return None if document.key is None else tuple(base64.b64decode(part, validate=True) for part in document.key)
    except binascii.Error as error:
        raise RefusedError(f"the key of the saved plan is damaged; {_AGAIN}") from error


def read_intents(document: SavedPlanDocument) -> Intents:
    """Take what is to be done out of a saved plan."""
    changes = tuple(
        Intent(name=each.name, action=each.action, fields=each.fields, spec=each.spec, live=each.live)
        for each in document.changes
    )
    return Intents(changes=changes, retired=document.retired)


def difference_document(difference: Difference) -> DifferenceDocument:
    """Make the part that tells what would be done differently now."""
    return DifferenceDocument.of(difference)


def render_differences(differences: Sequence[DifferenceDocument]) -> str:
    """Say for people, job by job, what would be done differently now."""
    return "\n".join(line for difference in differences for line in _tell(difference))


def _tell(difference: DifferenceDocument) -> Iterator[str]:
    yield f"{escape(difference.name)}: {escape(difference.message)}"
    yield f"    planned: {_say(difference.planned)}"
    yield f"    now:     {_say(difference.needed)}"


def _say(intent: IntentDocument | None) -> str:
    if intent is None:
        return "nothing"
    names = ", ".join(map(escape, intent.fields)) if intent.action is not Action.CREATE else ""
    return f"{intent.action} {names}".rstrip()


def _digest(document: SavedPlanDocument) -> str:
    text = document.model_copy(update={"digest": ""}).to_json()
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
