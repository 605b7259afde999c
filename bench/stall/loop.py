"""An asyncio loop that records, of whichever package is installed, and how late it ran.

usage: loop.py sigil-http|sigil-grpc|insidellm HOST:PORT WORKLOAD SECONDS
WORKLOAD: `idle` (records nothing), a number of messages (one generation of so many each millisecond), `event` (one event each
millisecond) or `burst` (10,000 events, fifty a turn of the loop, again and again). Prints JSON; times in milliseconds.

A beat is due every millisecond. What the kernel let others run meanwhile, although this thread could have run, is taken off
its delay: /proc tells it. What stays is what this process did to its own loop: work on the loop, and the interpreter lock.
"""

import asyncio
import json
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "caller"))

BEAT_S = 0.001
BURST, TURN = 10_000, 50
#: Beats before the loop runs as it will: imports, the first connection.
WARM_UP_S = 0.3
TEXT = "the agent reads a file and looks for the cause of the failure before it changes anything in the code "


def sigil(protocol, address, messages):
    """Gives the function that records one generation."""
    import generation
    import sigil_sdk
    from sigil_sdk.config import ClientConfig, GenerationExportConfig

    endpoint = "http://" + address if protocol == "http" else address
    export = GenerationExportConfig(protocol=protocol, endpoint=endpoint, insecure=True)
    client = sigil_sdk.Client(ClientConfig(generation_export=export, content_capture=sigil_sdk.ContentCaptureMode.FULL))
    history = generation.messages(messages)
    return lambda: generation.record(client, history)


def inside(address):
    """Gives the function that records one event."""
    import insidellm

    insidellm.initialize(api_key="any", base_url="http://" + address)
    client = insidellm.get_client()
    run_id = client.start_run(user_id="user-1")
    return lambda: client.log_event(insidellm.Event.create_user_input(run_id=run_id, user_id="user-1", input_text=TEXT))


class Counter:
    """Records made, and refused because a queue was full."""

    def __init__(self, record):
        self.made = self.refused = 0
        self._record = record

    def record(self):
        try:
            self._record()
            self.made += 1
        except Exception:
            self.refused += 1


async def steadily(counter, until):
    """One record a millisecond, or as many as the loop can."""
    while time.monotonic() < until:
        counter.record()
        await asyncio.sleep(BEAT_S)


async def in_bursts(counter, until):
    """Bursts; the loop has its turn after each fifty records."""
    while time.monotonic() < until:
        for _ in range(BURST // TURN):
            for _ in range(TURN):
                counter.record()
            await asyncio.sleep(0)
            if time.monotonic() >= until:
                return
        await asyncio.sleep(0.2)


async def beats(until):
    """Delay of each beat in milliseconds: as it was, and without what other processes took."""
    waited = "/proc/self/task/{}/schedstat".format(threading.get_native_id())
    raw, own = [], []
    with open(waited, "rb", buffering=0) as schedstat:
        elsewhere = preempted_ns(schedstat)
        while time.monotonic() < until:
            due = time.monotonic() + BEAT_S
            await asyncio.sleep(BEAT_S)
            late_ms = max(0.0, (time.monotonic() - due) * 1000)
            now = preempted_ns(schedstat)
            raw.append(late_ms)
            own.append(max(0.0, late_ms - (now - elsewhere) / 1e6))
            elsewhere = now
    return raw, own


def preempted_ns(schedstat):
    """Nanoseconds that this thread could have run and did not."""
    schedstat.seek(0)
    return int(schedstat.read(100).split()[1])


async def main():
    """Beats beside the workload."""
    lane, address, workload, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
    if workload == "idle":
        record = int
    elif lane == "insidellm":
        record = inside(address)
    else:
        record = sigil(lane.split("-")[1], address, int(workload))
    counter = Counter(record)
    work = in_bursts if workload == "burst" else steadily
    await work(counter, time.monotonic() + WARM_UP_S)
    until = time.monotonic() + seconds
    (raw, own), _ = await asyncio.gather(beats(until), work(counter, until))
    cuts = statistics.quantiles(own, n=1000, method="inclusive")
    figures = {"beats": len(own), "p50": cuts[499], "p99": cuts[989], "p999": cuts[998], "longest": max(own)}
    figures.update(wall_longest=max(raw), late_total=sum(own), made=counter.made, refused=counter.refused)
    print(json.dumps(figures), flush=True)
    os._exit(0)  # What is queued is of no interest, and the original would wait for it.


asyncio.run(main())
