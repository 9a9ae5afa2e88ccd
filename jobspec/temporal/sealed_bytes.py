"""Bytes that go through a namespace's codec, so that only those who can read its payloads can read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload

from jobspec.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from temporalio.converter import PayloadCodec


async def seal(data: bytes, codec: PayloadCodec) -> tuple[bytes, ...]:
    """Put bytes through a codec."""
    payload = Payload(metadata={"encoding": b"binary/plain"}, data=data)
    return tuple(sealed.SerializeToString() for sealed in await codec.encode([payload]))


async def unseal(sealed: Iterable[bytes], codec: PayloadCodec) -> bytes:
    """Undo `seal`.

    Raises:
        RefusedError: The codec cannot: it is another one, or lacks the key.
    """
    try:
        payloads = [Payload.FromString(each) for each in sealed]
        return b"".join(payload.data for payload in await codec.decode(payloads))
    except DecodeError as error:
        raise RefusedError("what was sealed is no payload") from error
    except Exception as error:  # a codec is user code and may raise anything
        raise RefusedError(f"the data converter's codec cannot undo what it did: {type(error).__name__}") from error
