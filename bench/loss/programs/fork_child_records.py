"""A forked child records and ends as programs end, by running off its end."""

import os
import sys

from lane import Lane, leaving

lane = Lane()
lane.record(0)
lane.flush()
child = os.fork()
first = 100 if child == 0 else 1
for number in range(5):
    lane.record(first + number)
if child == 0:
    sys.exit(0)
os.waitpid(child, 0)
leaving()
lane.shutdown()
