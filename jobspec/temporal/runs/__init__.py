"""Temporal's workflow executions as runs of jobs."""
