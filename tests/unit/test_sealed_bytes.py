from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from jobspec.errors import RefusedError
from jobspec.temporal.sealed_bytes import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Sequence


class Shift(PayloadCodec):
    """Adds a number to each byte, and takes it away where it added it itself."""

    def __init__(self, number: int) -> None:
        self.number = number

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata={"by": bytes([self.number])}, data=self.shift(each, self.number)) for each in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if any(each.metadata["by"] != bytes([self.number]) for each in payloads):
            raise LookupError("no such key")
        return [Payload(data=self.shift(each, -self.number)) for each in payloads]

    def shift(self, payload: Payload, number: int) -> bytes:
        return bytes((byte + number) % 256 for byte in payload.data)


async def test_what_was_sealed_is_unsealed_by_the_same_codec_alone() -> None:
    sealed = await seal(b"secret", Shift(3))
    assert b"secret" not in b"".join(sealed)
    assert await unseal(sealed, Shift(3)) == b"secret"
    with pytest.raises(RefusedError, match="codec cannot undo what it did: LookupError"):
        await unseal(sealed, Shift(4))


async def test_bytes_that_were_never_sealed_are_refused() -> None:
    with pytest.raises(RefusedError, match="what was sealed is no payload"):
        await unseal([b"\xff\xff\xff"], Shift(3))
