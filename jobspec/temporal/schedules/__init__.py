"""Temporal's schedule messages: what is read, compared, written and patched."""
