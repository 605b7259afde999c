"""Forks with a full queue; parent and child both shut down."""

import os

from lane import Lane, leaving

lane = Lane()
for number in range(10):
    lane.record(number)
child = os.fork()
if child == 0:
    lane.shutdown()
    os._exit(0)
os.waitpid(child, 0)
leaving()
lane.shutdown()
