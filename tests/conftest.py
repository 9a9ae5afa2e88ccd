"""What holds for every test.

Hypothesis draws the same examples each time and has no time limits, so that no test fails now and then;
`HYPOTHESIS_PROFILE=explore` draws new ones.

Interrupts have their default meaning, also where a shell runs the tests in the background and so has them ignored: a
process hands that on to its children, which tests interrupt.
"""

from __future__ import annotations

import io
import logging
import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("repeat", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the daemon's log goes to; afterwards nothing goes there any more."""
    stream = io.StringIO()
    yield stream
    logging.getLogger().handlers.clear()
    logging.getLogger().setLevel(logging.WARNING)
