"""Plans in files: `plan --out` writes one, `apply FILE` and `apply --checksum` hold the plan of now against it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from jobspec.errors import ConflictError, RefusedError, UsageError
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.digests import KEY_BYTES, Digester, make_digest
from jobspec.planning.disclosure import Privacy, make_checksum
from jobspec.planning.plan import Change, Reason
from jobspec.planning.saved import compare, drop_due, list_due, make_intents
from jobspec.render.saved_plans import (
    difference_document,
    read_intents,
    read_key,
    read_saved_plan,
    saved_plan_document,
)
from jobspec.temporal.sealed_bytes import seal, unseal

if TYPE_CHECKING:
    from pathlib import Path

    from temporalio.converter import DataConverter

    from jobspec.cli.specs import Specs
    from jobspec.planning.planner import Planned
    from jobspec.planning.saved import Intent
    from jobspec.render.saved_plans import DifferenceDocument, SavedPlanDocument

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = version("temporal-jobspec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What is left of a plan of now when it is held against what was approved.

    Attributes:
        planned: What is to be done; where the approved plan is stale, all that would be.
        settled: What is so already.
        postponed: Deletions that fell due since and wait for the next apply.
        stale: Why nothing may be done; empty where all is as it was approved.
        differences: The same, job by job, where that is known.
    """

    planned: Planned
    settled: tuple[Outcome, ...] = ()
    postponed: tuple[str, ...] = ()
    stale: str = ""
    differences: tuple[DifferenceDocument, ...] = ()


async def make_saved_plan(planned: Planned, specs: Specs, converter: DataConverter, privacy: Privacy) -> str:
    """Make the text of a saved plan.

    Raises:
        RefusedError: The codec fails, or there is no key for the digests.
    """
    key, sealed = privacy.key, None
    if converter.payload_codec is not None:
        key = secrets.token_bytes(KEY_BYTES)
        sealed = await _seal(key, converter)
    if not key:
        raise RefusedError("the server does not tell the namespace's id, with which a saved plan would hide values")
    document = saved_plan_document(
        planned.plan,
        make_intents(planned, Digester(key=key), privacy),
        namespace_digest=_digest_namespace(privacy),
        key=sealed,
        checksum=make_checksum(planned.plan, privacy),
        made_at=specs.now,
        version=_VERSION,
    )
    return document.to_json()


def _digest_namespace(privacy: Privacy) -> str:
    return make_digest("namespace", privacy.key)


async def _seal(key: bytes, converter: DataConverter) -> tuple[bytes, ...]:
    assert converter.payload_codec is not None  # noqa: S101  asked by the caller
    try:
        return await seal(key, converter.payload_codec)
    except Exception as error:  # a codec is user code and may raise anything
        raise RefusedError(f"the data converter's codec fails, so no plan is saved: {type(error).__name__}") from error


def open_saved_plan(path: Path) -> SavedPlanDocument:
    """Read a saved plan.

    Raises:
        UsageError: There is none.
        RefusedError: It is not whole, or another version made it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"the saved plan `{path}` cannot be read: {reason}") from error
    return read_saved_plan(text, name=str(path), version=_VERSION)


def check_checksum(text: str | None) -> None:
    """Complain of what is no checksum.

    Raises:
        UsageError: It is none.
    """
    if text is not None and not _CHECKSUM.fullmatch(text):
        raise UsageError(f"`{text}` is no checksum; a plan shows it as `sha256:` with 64 digits behind it")


def check_place(saved: SavedPlanDocument, specs: Specs) -> None:
    """Hold the project and its environment against those of a saved plan.

    Raises:
        RefusedError: They are others.
    """
    found = {"project": (saved.project, specs.project.project), "environment": (saved.environment, specs.env)}
    for what, (then, now) in found.items():
        if then != now:
            raise RefusedError(f"the saved plan is for {_name(what, then)}, and this is {_name(what, now)}")


def check_namespace_of(saved: SavedPlanDocument, namespace: str, privacy: Privacy) -> None:
    """Hold the namespace against that of a saved plan: its name, and its id, which another server's has not.

    Raises:
        RefusedError: It is another one.
    """
    if saved.namespace != namespace:
        then, now = _name("namespace", saved.namespace), _name("namespace", namespace)
        raise RefusedError(f"the saved plan is for {then}, and this is {now}")
    if saved.namespace_digest != _digest_namespace(privacy):
        raise RefusedError(f"the saved plan is for another namespace `{namespace}`, of another server or made anew")


def _name(what: str, value: str | None) -> str:
    return f"the {what} `{value}`" if value is not None else f"no {what}"


async def approve(
    planned: Planned,
    converter: DataConverter,
    privacy: Privacy,
    *,
    saved: SavedPlanDocument | None,
    checksum: str | None,
) -> Approval:
    """Hold the plan of now against what was approved: a saved plan, a checksum, both or neither.

    Raises:
        ConflictError: The saved plan is not the one with the checksum.
        RefusedError: The codec cannot read the saved plan.
    """
    if saved is not None:
        if checksum not in (None, saved.checksum):
            raise ConflictError(f"the saved plan is not the one that was approved: its checksum is {saved.checksum}")
        return await _approve_saved(planned, converter, privacy, saved)
    return Approval(planned=planned) if checksum is None else _approve_checksum(planned, privacy, checksum)


async def _approve_saved(
    planned: Planned, converter: DataConverter, privacy: Privacy, saved: SavedPlanDocument
) -> Approval:
    digester = Digester(key=await _read_key(saved, converter, privacy))
    comparison = compare(read_intents(saved), planned, digester, privacy)
    if comparison.differences:
        return Approval(
            planned=planned,
            stale="the saved plan is out of date; this is what would be done differently now",
            differences=tuple(map(difference_document, comparison.differences)),
        )
    return Approval(
        planned=replace(planned, plan=comparison.plan),
        settled=tuple(map(_settle, comparison.settled)),
        postponed=comparison.postponed,
    )


async def _read_key(saved: SavedPlanDocument, converter: DataConverter, privacy: Privacy) -> bytes:
    sealed = read_key(saved)
    if sealed is None:
        return privacy.key
    if converter.payload_codec is None:
        raise RefusedError("the saved plan was sealed by a codec, and the project has none now; make the plan again")
    return await unseal(sealed, converter.payload_codec)


def _settle(intent: Intent) -> Outcome:
    change = Change(name=intent.name, action=intent.action, reason=Reason.CHANGED)
    return Outcome(change=change, status=WriteStatus.UNCHANGED, message="nothing is left to do")


def _approve_checksum(planned: Planned, privacy: Privacy, checksum: str) -> Approval:
    found = make_checksum(planned.plan, privacy)
    if found == checksum:
        return Approval(planned=planned)
    rest, postponed = drop_due(planned.plan, retired=list_due(planned.plan))
    if postponed and make_checksum(rest, privacy) == checksum:
        return Approval(planned=replace(planned, plan=rest), postponed=postponed)
    return Approval(planned=planned, stale=f"this is not the plan that was approved: its checksum is {found}")
