from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.common.v1 import Payload

from jobspec.temporal.plain_json import json_value, plain_payload


@pytest.mark.parametrize("value", ["shop", 5, 0.5, True, ["a", "b"], {"a": None}])
def test_values_are_plain_json_and_read_back(value: Any) -> None:
    payload = plain_payload(value)
    assert payload.metadata == {"encoding": b"json/plain"}
    assert json_value(payload) == value


@pytest.mark.parametrize("data", [b"", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_nothing(data: bytes) -> None:
    assert json_value(Payload(data=data)) is None
