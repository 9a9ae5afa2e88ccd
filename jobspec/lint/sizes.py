"""Inputs and memos that are larger than Temporal takes, or than it is made for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jobspec.lint.warning import warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.model import JobSpec
    from jobspec.spec.validation import Problem

_KIB = 1024

# The server's defaults (common/dynamicconfig/constants.go: limit.blobSize.error, limit.blobSize.warn,
# limit.memoSize.warn); the SDK warns at the same sizes.
MOST_BYTES = 2048 * _KIB
LARGE_BYTES = 512 * _KIB
LARGE_MEMO_BYTES = 2 * _KIB


def lint_sizes(spec: JobSpec) -> Iterator[Problem]:
    """Warn of large inputs and memos, as plain JSON; a codec may make them smaller or larger."""
    path = ("input",) if "input" in spec.model_fields_set else ("args",)
    size = sum(map(_measure, spec.arguments))
    memo = _measure(spec.run.memo) if spec.run.memo else 0
    if size + memo > MOST_BYTES:
        where, what = (path, "input") if size >= memo else (("run", "memo"), "memo")
        message = f"the {what} makes the job {_show(size + memo)}, more than the 2 MiB that Temporal takes by default"
        yield warn(where, "JS513", message, _HINT)
        return
    if size > LARGE_BYTES:
        message = f"the input has {_show(size)}; Temporal warns from 512 KiB on, and stores it with every run"
        yield warn(path, "JS513", message, _HINT)
    if memo > LARGE_MEMO_BYTES:
        message = f"the memo has {_show(memo)}; Temporal warns from 2 KiB on, for every list of runs carries it"
        yield warn(("run", "memo"), "JS513", message, "keep what people look for in it, and the rest elsewhere")


_HINT = "put the data where the workflow can fetch it, and pass its address"


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def _measure(value: Any) -> int:
    return len(_ENCODER.encode(value).encode("utf-8", "surrogatepass"))


def _show(size: int) -> str:
    return f"{size / _KIB:,.0f} KiB" if size >= 10 * _KIB else f"{size / _KIB:.1f} KiB"
