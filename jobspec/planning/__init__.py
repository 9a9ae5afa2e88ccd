"""Desired against live: the plan, its guards, and its application."""
