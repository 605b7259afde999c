"""Waits for a signal for which it installed no handler."""

import signal

from lane import Lane, tell

# As at a terminal; what starts the tests may have had it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
lane = Lane()
lane.record_all()
tell("recorded")
while True:
    signal.pause()
