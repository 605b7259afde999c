"""Forks while a request is on its way; the child records and shuts down, then the parent does."""

import os
import threading

from lane import Lane, leaving, listen, tell

lane = Lane()
for number in range(10):
    lane.record(number)
flushing = threading.Thread(target=lane.flush)
flushing.start()
tell("flushing")
listen()  # The request is with the proxy now.
child = os.fork()
if child == 0:
    lane.record(100)
    tell("forked")
    lane.shutdown()
    os._exit(0)
os.waitpid(child, 0)
flushing.join()
lane.record(10)
leaving()
lane.shutdown()
