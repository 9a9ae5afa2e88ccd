"""A codec for projects of tests, as they would have it in a module of their own."""

from __future__ import annotations

CODEC = '''\
"""Encrypts with a random nonce: not well, but never twice the same."""

import itertools
import os
from dataclasses import replace

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import PayloadCodec


def crypt(nonce, data):
    key = itertools.cycle(nonce)
    return bytes(byte ^ other for byte, other in zip(data, key))


class Codec(PayloadCodec):
    async def encode(self, payloads):
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads):
        return [self.open(payload) for payload in payloads]

    def seal(self, payload):
        if b"unspeakable" in payload.data:
            raise RuntimeError("the key server says no")
        nonce = os.urandom(16)
        sealed = nonce + crypt(nonce, payload.SerializeToString())
        return Payload(metadata={"encoding": b"binary/encrypted"}, data=sealed)

    def open(self, payload):
        if payload.metadata["encoding"] != b"binary/encrypted":
            return payload
        if len(payload.data) < 16:
            raise ValueError("no nonce")
        opened = Payload()
        opened.MergeFromString(crypt(payload.data[:16], payload.data[16:]))
        return opened


converter = replace(pydantic_data_converter, payload_codec=Codec())
'''

SETTINGS = 'data_converter = "codec:converter"'
