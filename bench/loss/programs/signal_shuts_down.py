"""Its SIGTERM handler shuts down, at whatever the main thread is doing: it records without a pause."""

import os
import signal

from lane import WORDS, Lane, leaving, tell

lane = Lane()
ended = False


def end(number, frame):
    global ended
    ended = True
    leaving()
    lane.shutdown()
    os._exit(0)


signal.signal(signal.SIGTERM, end)
number = 0
while not ended:
    lane.record(number, WORDS * 20)
    number += 1
    if number == 20:
        tell("recorded")
