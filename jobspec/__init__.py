"""Temporal schedules as YAML and TOML files in git: validated, reviewed as a plan, and kept equal to what is live."""
