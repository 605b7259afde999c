"""A daemon: the child forks again and ends; the grandchild records and ends as programs end."""

import os
import sys

from lane import Lane, leaving

lane = Lane()
for number in range(5):
    lane.record(number)
child = os.fork()
if child == 0:
    if os.fork() == 0:
        for number in range(100, 105):
            lane.record(number)
        sys.exit(0)
    os._exit(0)
os.waitpid(child, 0)
leaving()
lane.shutdown()
