"""The next life of a program: one more record, and a shutdown."""

import os

from lane import Lane

lane = Lane()
lane.record(int(os.environ["FIRST"]))
lane.flush()
lane.shutdown()
