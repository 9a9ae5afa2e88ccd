"""`python -m jobspec`."""

import os
import sys

# `-m` puts the working directory first, where a stranger's `yaml.py` would be imported in place of the library; whoever
# runs the project's code adds its directory.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - pathlib is one more module to shadow
    del sys.path[0]

from jobspec.cli import main

main()
