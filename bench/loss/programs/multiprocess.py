"""Two workers of `multiprocessing`, started as METHOD says; each records and returns."""

import multiprocessing
import os

from lane import Lane, leaving

METHOD = os.environ["METHOD"]


def work(first):
    used = lane if METHOD == "fork" else Lane()
    for number in range(first, first + 5):
        used.record(number)


if __name__ == "__main__":
    lane = Lane()
    for number in range(5):
        lane.record(number)
    context = multiprocessing.get_context(METHOD)
    workers = [context.Process(target=work, args=(100 * (1 + index),)) for index in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    leaving()
    lane.shutdown()
