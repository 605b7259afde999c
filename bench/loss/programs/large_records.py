"""Records of 100 kB that nothing compresses, then waits for a word if it is told to, and shuts down."""

import base64
import os
import random

from lane import COUNT, Lane, leaving, listen, tell

lane = Lane()
chosen = random.Random(7)
for number in range(COUNT):
    lane.record(number, base64.b64encode(chosen.getrandbits(8 * 75_000).to_bytes(75_000, "little")).decode())
tell("recorded")
if os.environ.get("WAITS"):
    listen()
leaving()
lane.shutdown()
