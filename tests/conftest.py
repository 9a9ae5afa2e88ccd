"""How hypothesis draws in every test.

The same examples each time and no time limits, so that no test fails now and then;
`HYPOTHESIS_PROFILE=explore` draws new ones.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("repeat", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
