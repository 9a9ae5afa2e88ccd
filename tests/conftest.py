"""What holds for every test.

Hypothesis draws the same examples each time and has no time limits, so that no test fails now and then;
`HYPOTHESIS_PROFILE=explore` draws new ones.

Interrupts have their default meaning, also where a shell runs the tests in the background and so has them ignored: a
process hands that on to its children, which tests interrupt.
"""

import os
import signal

from hypothesis import HealthCheck, settings

settings.register_profile("repeat", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

signal.signal(signal.SIGINT, signal.default_int_handler)
