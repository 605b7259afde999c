"""Ten good records around a giant."""

import os

from lane import WORDS, Lane, leaving

giant = WORDS * (int(os.environ["GIANT_BYTES"]) // len(WORDS))
lane = Lane()
for number in range(11):
    if number == 5:
        lane.record(number, giant)
    else:
        lane.record(number)
leaving()
lane.shutdown()
