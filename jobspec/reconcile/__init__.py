"""The daemon that keeps live schedules equal to the specs."""
