"""When a job fires: durations, calendars, cron, and the run times that follow from them.

Pure: no I/O, and no knowledge of specs or of Temporal's messages. The rules are
those of Temporal's scheduler (``service/worker/scheduler/`` of the server), so
that what is shown in a review is what the server will do.
"""
