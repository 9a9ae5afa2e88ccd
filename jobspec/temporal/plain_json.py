"""Payloads of plain JSON, for what the server itself or any version of jobspec reads.

Search attributes and marks never go through a user's converter or codec.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from temporalio.converter import DefaultPayloadConverter

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload

_PLAIN = DefaultPayloadConverter()


def plain_payload(value: Any) -> Payload:
    """Make a payload of plain JSON."""
    return _PLAIN.to_payloads([value])[0]


def json_value(payload: Payload) -> Any:
    """Read a payload that the server or we wrote as plain JSON; None where it is none."""
    try:
        return json.loads(payload.data) if payload.data else None
    except (ValueError, RecursionError):
        return None
