"""Exceptions that nobody expected: one of them spoils what was being judged, and nothing beside it."""

from __future__ import annotations

HINT = "please report it, with the traceback that `JOBSPEC_DEBUG=1` shows"
"""What to do about a bug."""


def describe_bug(error: Exception) -> str:
    """Say what an unexpected exception was and where it came from, without its text, which may quote what is secret.

    The traceback goes to the log of `jobspec`, at level DEBUG.
    """
    import logging  # all errors import this module, and `--help` needs none of these
    import traceback
    from pathlib import Path

    root = Path(__file__).parent
    logging.getLogger("jobspec").debug("this is a bug in jobspec; please report it", exc_info=error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    place = f" at {Path(frames[-1].filename).relative_to(root)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
