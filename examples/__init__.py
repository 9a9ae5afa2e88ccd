"""Programs that show jobspec at work."""
