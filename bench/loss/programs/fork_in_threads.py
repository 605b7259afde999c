"""Forks again and again while three threads record; each child records one and shuts down."""

import os
import threading

from lane import COUNT, Lane, leaving

THREADS = 3
lane = Lane()
done = threading.Event()


def keep_recording(first):
    number = first
    while not done.is_set():
        lane.record(number)
        number += 1
        done.wait(0.005)


threads = [threading.Thread(target=keep_recording, args=(10_000 * (1 + index),)) for index in range(THREADS)]
for thread in threads:
    thread.start()
children = []
for number in range(COUNT):
    child = os.fork()
    if child == 0:
        lane.record(number)
        lane.shutdown()
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
done.set()
for thread in threads:
    thread.join()
leaving()
lane.shutdown()
