"""The only package that knows Temporal's messages: schedules, runs, and the connection to both."""
