"""The only package that knows Temporal's schedule messages."""
