"""Asks a process of its own what JSON Schemas say to inputs: whatever they are, the answer comes within seconds.

A schema can make a validator run for ever or need all memory, and what cannot be interrupted must be killed. The
process is started when the first schema is to be judged, answers all requests after that, and ends with this one: it
reads from a socket that the kernel closes however this process ends.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

_PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
try:
    from jobspec.spec.schema_process import main
except Exception as error:
    print(json.dumps({"failed": f"{type(error).__name__}: {error}"}))
else:
    main(int(sys.argv[2]))
"""

_MOST_GIVEN_UP = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long judging may take, in seconds.

    Attributes:
        one: Of processor time, one schema or one input; what people write takes a thousandth of it.
        free: Of processor time, what each may take without being charged to what all may take.
        all: What may be charged at once.
        regained: How much of that is regained in each second: in the long run no more of a processor is used.
        wall: By the clock, one request, in case that the process gets no processor time.
        start: By the clock, the start of the process.
        restart: What is charged for starting it again.
        memory: In bytes; with the daemon's own it has to fit into what its unit and pods may use (`deploy/`).
    """

    one: float = 0.5
    free: float = 0.002
    all: float = 4.0
    regained: float = 0.1
    wall: float = 5.0
    start: float = 10.0
    restart: float = 0.1
    memory: int = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """Nothing is known of an input, or a schema.

    Attributes:
        reason: Why, as the end of a sentence that names it.
        is_final: Whether asking again would tell the same.
    """

    reason: str
    is_final: bool


class _EndedError(Exception):
    """The process has ended, or was killed.

    Args:
        status: Its exit status as `subprocess` has it; None where it was killed because it did not answer.
        text: What is known beside that.
    """

    def __init__(self, status: int | None, text: str = "") -> None:
        super().__init__(text or f"status {status}")
        self.status = status


_KILLED = frozenset({None, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""How a process ends that somebody else ends; it says nothing about the schema."""


class SchemaJudge:
    """Judges inputs by schemas, one at a time; threads may share it.

    Args:
        limits: How long that may take.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._budget = _Budget(self.limits)
        self._given_up: dict[bytes, Unjudged] = {}
        self._worker: _Worker | None = None
        self._lock = Lock()

    def ask(self, digest: str, schema: Any, *value: Any) -> dict[str, Any] | Unjudged:
        """Have a schema checked, and an input judged by it.

        Args:
            digest: Names the schema: another one must have another.
            schema: The schema, as JSON has it.
            value: The input; without one, only the schema is checked.

        Returns:
            The answer of :mod:`jobspec.spec.schema_process`.

        Raises:
            ValueError: The input cannot be written as JSON.
            TypeError: The same.
            RuntimeError: The validator has a bug.
        """
        request = {"digest": digest, **({"input": value[0]} if value else {})}
        body = json.dumps(request, allow_nan=False, default=_plain)
        key = hashlib.sha256(body.encode()).digest()
        with self._lock:
            if found := self._given_up.get(key):
                return found
            answer = self._ask(body, schema)
            if isinstance(answer, Unjudged) and answer.is_final:
                self._given_up[key] = answer
                if len(self._given_up) > _MOST_GIVEN_UP:
                    del self._given_up[next(iter(self._given_up))]
        if isinstance(answer, dict) and "bug" in answer:
            raise RuntimeError(answer["bug"])
        return answer

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            if self._worker is not None:
                self._worker.kill()
                self._worker = None

    def forget(self) -> None:
        """Leave the process to the one that this was forked from."""
        self._lock = Lock()
        if self._worker is not None:
            self._worker.leave()
            self._worker = None

    def _ask(self, body: str, schema: Any) -> dict[str, Any] | Unjudged:
        while True:
            if self._budget.left() < self.limits.one:
                reason = f"the schemas have taken more than {self.limits.all:g} s"
                return Unjudged(reason=reason, is_final=False)
            try:
                worker = self._worker or self._start()
            except _EndedError as ended:
                return self._explain_start(ended)
            try:
                return self._put(worker, body, schema)
            except _EndedError as ended:
                self._worker = None
                if ended.status in (None, -signal.SIGPROF) or worker.answered == 0:
                    return self._explain_end(ended)
                # Earlier requests may be to blame: a new process tells.

    def _start(self) -> _Worker:
        self._worker = _Worker(self.limits)
        return self._worker

    def _put(self, worker: _Worker, body: str, schema: Any) -> dict[str, Any]:
        begun, seconds = time.monotonic(), self.limits.one
        try:
            answer = worker.put(body, {"seconds": seconds})
            if "unknown" in answer:
                answer = worker.put(body, {"seconds": seconds, "schema": schema})
        except _EndedError as ended:
            waited = time.monotonic() - begun
            spent = waited if ended.status is None else min(waited, seconds)  # it has not used more of the processor
            self._budget.lose(spent + self.limits.restart)
            raise
        except BaseException:  # such as Ctrl-C: what it would still answer must not be taken for the next answer
            worker.kill()
            self._worker = None
            raise
        self._budget.use(answer["seconds"])
        return answer

    def _explain_end(self, ended: _EndedError) -> Unjudged:
        if ended.status == -signal.SIGPROF:
            return Unjudged(reason=f"it takes more than {self.limits.one:g} s", is_final=True)
        if ended.status in _KILLED:
            return Unjudged(reason="the process that judges it was stopped", is_final=False)
        return Unjudged(reason="it needs too much memory, or crashes the validator", is_final=True)

    def _explain_start(self, ended: _EndedError) -> Unjudged:
        self._budget.lose(self.limits.all)
        reason = f"the process that judges it does not start ({ended})"
        return Unjudged(reason=reason, is_final=False)


def _plain(value: Any) -> Any:
    """Bring an object that was given in code into the form in which it is sent."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value)


@dataclass(slots=True)
class _Budget:
    """What may still be spent."""

    limits: Limits
    _lost: float = 0.0
    _over: float = 0.0
    _at: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Say how many seconds there are."""
        now = time.monotonic()
        regained, self._at = (now - self._at) * self.limits.regained, now
        self._lost, self._over = max(0.0, self._lost - regained), max(0.0, self._over - regained)
        return self.limits.all - self._lost - self._over

    def use(self, seconds: float) -> None:
        """Take away what an answer took over its free time.

        What one answer leaves of that, another may have: clocks that tick slowly charge one for a hundred others.
        """
        self._over = max(0.0, self._over + seconds - self.limits.free)

    def lose(self, seconds: float) -> None:
        """Take away what was spent without an answer."""
        self._lost += seconds


class _Worker:
    """The process.

    Attributes:
        answered: How many requests it has answered.

    Raises:
        _EndedError: It cannot be started.
    """

    def __init__(self, limits: Limits) -> None:
        self.answered = 0
        self._wall = limits.wall
        # An interpreter that searches for modules where this one does, in no other place and by no variable.
        path = [os.path.abspath(each) for each in sys.path if each]  # noqa: PTH100  links may be swapped
        path.append(str(Path(__file__).resolve().parents[2]))
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = _spawn(
                [sys.executable or "", "-I", "-c", _PROGRAM, json.dumps(path), str(limits.memory)], theirs
            )
        if failed := json.loads(self._receive(time.monotonic() + limits.start)).get("failed"):
            raise _EndedError(self._end().status, failed)

    def put(self, body: str, more: dict[str, Any]) -> dict[str, Any]:
        """Send a request in two parts, of which the first is written as JSON already, and wait for the answer.

        Raises:
            _EndedError: There is none.
        """
        deadline = time.monotonic() + self._wall
        try:
            self._socket.settimeout(self._wall)
            self._socket.sendall(f"[{body}, {json.dumps(more)}]\n".encode())
        except TimeoutError:
            raise self._end(None) from None
        except OSError:
            raise self._end() from None
        answer: dict[str, Any] = json.loads(self._receive(deadline))
        self.answered += "unknown" not in answer
        return answer

    def _receive(self, deadline: float) -> bytes:
        data = b""
        while not data.endswith(b"\n"):
            try:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
                chunk = self._socket.recv(1 << 16)
            except TimeoutError:
                raise self._end(None) from None
            except OSError:
                chunk = b""
            if not chunk:
                raise self._end()
            data += chunk
        return data

    def _end(self, *status: None) -> _EndedError:
        """Have the process ended: by itself, or else by force."""
        if status:
            self.kill()
            return _EndedError(None)
        self._socket.close()
        return _EndedError(self._process.wait())

    def kill(self) -> None:
        """End it by force."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def leave(self) -> None:
        """Have nothing more to do with it."""
        self._socket.close()
        self._process.returncode = 0  # so that nobody waits for it, or warns that nobody did


def _spawn(command: list[str], theirs: socket.socket) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, where no key of a terminal reaches it."""
    ends = theirs.fileno()
    try:
        return subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=ends, stdout=ends, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise _EndedError(None, error.strerror or "") from error


JUDGE = SchemaJudge()
"""The one of this process."""

atexit.register(JUDGE.close)
os.register_at_fork(after_in_child=JUDGE.forget)
