"""Records until it is killed."""

from lane import COUNT, Lane, tell

lane = Lane()
number = 0
while True:
    lane.record_all(number, 1)
    number += 1
    if number == COUNT:
        tell("recorded")
