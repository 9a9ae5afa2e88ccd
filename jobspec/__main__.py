"""`python -m jobspec`."""

from jobspec.cli import main

main()
