"""Its SIGTERM handler calls sys.exit."""

import signal
import sys

from lane import Lane, tell

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
lane = Lane()
lane.record_all()
tell("recorded")
while True:
    signal.pause()
