"""Waits for a signal for which it installed no handler."""

import signal

from lane import Lane, tell

lane = Lane()
lane.record_all()
tell("recorded")
while True:
    signal.pause()
