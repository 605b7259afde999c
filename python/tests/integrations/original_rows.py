"""The rows of what the original `insidellm` does wrong: a program, what it does there and what with ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional

from delivery.sink import Answer, Sink

#: Nobody listens there.
CLOSED_PORT = "http://127.0.0.1:9"


@dataclass
class Told:
    """What a program printed, and what came of it to the server."""

    value: Any
    server: Sink

    @property
    def events(self) -> List[Dict[str, Any]]:
        """The events of all requests, in the order of their coming."""
        return [event for batch in self.server.batches for event in batch]


Check = Callable[[Told], None]


@dataclass
class Row:
    """One row. `original` None: it fails there by chance."""

    name: str
    program: str
    original: Optional[Check]
    ours: Check
    answer: Optional[Answer] = None
    is_held: bool = False
    is_unreachable: bool = False
    spools: bool = False
    code: int = 0
    environment: Dict[str, str] = field(default_factory=dict)


ROWS: List[Row] = []


def row(name: str, program: str, original: Optional[Check], ours: Check, **more: Any) -> None:
    """Adds one."""
    ROWS.append(Row(name, program, original, ours, **more))


def says(expected: Any) -> Check:
    """The program printed this."""

    def check(told: Told) -> None:
        assert told.value == expected

    return check


def where(holds: Callable[[Told], Any]) -> Check:
    """This holds."""

    def check(told: Told) -> None:
        assert holds(told), f"{told.value} {told.server.requests} requests, {len(told.server.arrived)} events"

    return check


def come(count: int) -> Check:
    """So many different events have arrived, each once."""

    def check(told: Told) -> None:
        assert len(told.server.arrived) == len(set(told.server.arrived)) == count

    return check


def refuses_bad(_number: int, events: List[Dict[str, Any]]) -> Any:
    """400 for a request with an event that says `3`."""
    return (400 if any(event["payload"].get("input_text") == "3" for event in events) else 202), {}


def refuses_many(_number: int, events: List[Dict[str, Any]]) -> Any:
    """413 for more than two events."""
    return (413 if len(events) > 2 else 202), {}


def refuses_all(_number: int, _events: List[Dict[str, Any]]) -> Any:
    """401."""
    return 401, {}


def later(number: int, _events: List[Dict[str, Any]]) -> Any:
    """503 once, asking for a pause of a second."""
    return (503, {"Retry-After": "1"}) if number == 0 else (202, {})


def outage(number: int, _events: List[Dict[str, Any]]) -> Any:
    """503 for as long as the retries of one batch last, and longer."""
    return (503 if number < 4 else 202), {}


STAR = ["from insidellm import *", "from insidellm import track_function_execution", "insidellm.InsideLLMCallback"]
row(
    "W-01",
    f"import insidellm\ntold(problems(*{STAR!r}))",
    says(["AttributeError", "ImportError", "AttributeError"]),
    says([]),
)
row(
    "W-02",
    """
c = start()
log(10, c)
# There the worker takes them from the queue, which flush() then finds empty; here they stay in it until they are sent.
until = time.monotonic() + 0.3
while c.get_queue_size() and time.monotonic() < until:
    time.sleep(0.01)
c.flush()
told(time.monotonic())
c.shutdown()
""",
    where(lambda told: told.server.times[-1] > told.value),
    where(lambda told: told.server.times[-1] < told.value and len(told.server.arrived) == 10),
)
row(
    "W-02b",
    "c = start(batch_size=50)\nlog(75, c)\nc.flush()\ntold(arrived())\nleave()",
    None,
    says(75),
)
row("W-03 exit", "log(10, start())", come(0), come(10))
row("W-03 exception", "log(10, start())\nraise RuntimeError", come(0), come(10), code=1)
row("W-03 sys.exit", "log(10, start())\nsys.exit(3)", come(0), come(10), code=3)
row(
    "W-04",
    "c = start(max_queue_size=10, batch_size=5)\nlog(40, c)\ntold(c.queue_manager.get_statistics())\nleave()",
    where(lambda told: told.value["events_failed"] > 0 and "dropped_queue_full" not in told.value),
    where(lambda told: told.value["dropped_queue_full"] == 40 - told.value["events_queued"] == told.value["events_failed"] > 0),
    is_held=True,
)
row(
    "W-05",
    """
import insidellm
from datetime import datetime
c = start(batch_size=10, max_retries=0)
log(9, c)
values = [object(), datetime.now(), b"\\xff", {1}]
tool = {"tool_name": "t", "tool_type": "function", "parameters": {"values": values}}
c.log_event(insidellm.Event(run_id=RUN, user_id=USER, event_type=insidellm.EventType.TOOL_CALL, payload=tool))
c.shutdown()
""",
    come(0),
    come(10),
)
row(
    "W-06",
    "c = start(max_retries=2, backoff_factor=1.0)\nlog(1, c)\ntold(seconds(lambda: c.shutdown(timeout=0.5)))\nleave()",
    where(lambda told: told.value > 2),
    where(lambda told: told.value < 1),
    is_unreachable=True,
)
row(
    "W-06 idle",
    "told(seconds(start().shutdown))",
    where(lambda told: told.value > 0.5),
    where(lambda told: told.value < 0.4),
)
ONE_BATCH = "c = start(batch_size=8, backoff_factor=0.02)\nlog(8, c)\nc.shutdown()"
row("W-07 401", ONE_BATCH, where(lambda told: told.server.requests == 4), where(lambda told: told.server.requests == 1), answer=refuses_all)
row("W-07 400", ONE_BATCH, come(0), come(7), answer=refuses_bad)
row("W-07 413", ONE_BATCH, come(0), come(8), answer=refuses_many)
row(
    "W-08",
    "c = start(batch_size=5, backoff_factor=0.02)\nlog(5, c)\nc.flush(10.0)\nc.shutdown(10.0)",
    where(lambda told: told.server.times[1] - told.server.times[0] < 0.9),
    where(lambda told: told.server.times[1] - told.server.times[0] >= 0.95),
    answer=later,
)
row(
    "W-09",
    """
c = start(batch_size=5, max_retries=1, backoff_factor=0.02)
log(10, c)
for _ in range(3):
    c.flush(5.0)
c.shutdown(5.0)
""",
    come(0),
    come(10),
    answer=outage,
    spools=True,
)
row(
    "W-10",
    """
c = start()
log(1, c)
c.flush()
child = os.fork()
if child == 0:
    log(5, c)
    c.flush(timeout=2.0)
    leave()
os.waitpid(child, 0)
c.shutdown()
""",
    come(1),
    come(6),
)
row(
    "W-11",
    "c = start(batch_size=50)\nlog(1000, c)\nc.shutdown()",
    None,
    where(lambda told: max(len(batch) for batch in told.server.batches) <= 50 and len(told.server.arrived) == 1000),
)
row(
    "W-11b",
    "c = start(batch_size=1, request_timeout=0.3, max_retries=3, backoff_factor=0.02)\nlog(1, c)\nc.shutdown(5.0)",
    where(lambda told: told.server.requests == 4),
    where(lambda told: 1 <= told.server.requests <= 4 and len({event["event_id"] for event in told.events}) == 1),
    is_held=True,
)
row(
    "W-11c",
    """
c = start(raise_on_error=True, max_retries=0)
log(1, c)
c.shutdown(5.0)
told(c.queue_manager.get_statistics())
""",
    where(lambda told: told.value["events_failed"] == 1 and "dropped_gave_up" not in told.value),
    where(lambda told: told.value["events_failed"] == told.value["dropped_gave_up"] == 1),
    is_unreachable=True,
)
row(
    "W-12",
    """
import insidellm
@insidellm.track_llm_call("m", "p")
def ask(prompt):
    return "reply"
c = start(batch_size=1000)
for _ in range(10):
    run = c.start_run(user_id=USER)
    ask("q")
    c.end_run(run)
c.shutdown()
""",
    where(lambda told: foreign_parents(told) == 9),
    where(lambda told: foreign_parents(told) == 0 and len(told.events) == 40),
)
row(
    "W-13",
    """
import insidellm
@insidellm.track_llm_call("m", "p")
def ask(prompt):
    return "reply"
async def work(user):
    c.start_run(user_id=user, metadata={"of_" + user: 1})
    await asyncio.sleep(0)
    ask(user)
async def main():
    await asyncio.gather(*(work("user-%d" % number) for number in range(10)))
c = start(batch_size=1000)
asyncio.run(main())
c.shutdown()
""",
    where(lambda told: mixed_up(told) == 9),
    where(lambda told: mixed_up(told) == 0 and len(told.events) == 30),
)
row(
    "W-14",
    """
c = start(max_queue_size=10000)
sys.setswitchinterval(1e-6)
ids = []
threads = [threading.Thread(target=lambda: ids.extend([c.start_run(user_id=USER) for _ in range(200)])) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
told(len(set(ids)))
""",
    None,
    says(800),
)
row(
    "W-15",
    """
c = start()
bad = problems("c.start_run(user_id='u', metadata={'a': [1]})")
told([bad, c.get_current_run_id() is None, problems("c.start_run()", "c.end_run()")])
leave()
""",
    where(lambda told: told.value[0] and not told.value[1] and told.value[2]),
    says([["ValidationError"], True, []]),
)
row(
    "W-16",
    """
import insidellm
@insidellm.track_llm_call("m", "p")
async def ask(prompt):
    return "reply"
@insidellm.track_llm_call("m", "p")
def stream(prompt):
    yield "re"
    yield "ply"
c = start()
c.start_run(user_id=USER)
asyncio.run(ask("q"))
list(stream("q"))
c.shutdown()
told(inspect.iscoroutinefunction(ask))
""",
    where(lambda told: told.value is False and replies(told)[0].startswith("<coroutine") and replies(told)[1].startswith("<gen")),
    where(lambda told: told.value is True and replies(told) == ["reply", "reply"]),
)
BREAKS = [
    "insidellm.track_llm_call('m', 'p')(len)('before there is a client')",
    "start(); insidellm.start_run(user_id=USER); insidellm.track_llm_call('m', 'p', extract_response=lambda r: r['x'])(len)('q')",
    "insidellm.track_llm_call('m', 'p', extract_response=lambda r: 7)(len)('q')",
    "t = insidellm.InsideLLMTracker(user_id=USER)\nwith t.track_llm_call('m', 'p', 'q') as log_response: log_response({'text': 1})",
    "t.log_user_input('a', metadata={'more': 1})",
]
row(
    "W-17",
    f"import insidellm\ntold(problems(*{BREAKS!r}))\nleave()",
    where(lambda told: told.value[0] == "ConfigurationError" and len(told.value) == 5),
    says([]),
)
row(
    "W-17b",
    """
import insidellm
class Agent:
    @insidellm.track_llm_call("m", "p")
    def ask(self, prompt):
        return "reply"
c = start()
c.start_run(user_id=USER)
Agent().ask("hello")
c.shutdown()
""",
    where(lambda told: "object at 0x" in told.events[1]["payload"]["prompt"]),
    where(lambda told: told.events[1]["payload"]["prompt"] == "hello"),
)
row(
    "W-18",
    """
log(10, start())
for _ in range(10):
    start()
told(threading.active_count())
import insidellm
insidellm.shutdown()
""",
    where(lambda told: told.value > 10 and not told.server.arrived),
    where(lambda told: told.value == 1 and len(told.server.arrived) == 10),
)
row(
    "W-19",
    "import insidellm\nc = insidellm.initialize(api_key='k')\ntold([c.config.batch_size, c.base_url == 'http://elsewhere.test'])\nleave()",
    says([50, False]),
    says([7, True]),
    environment={"INSIDELLM_BATCH_SIZE": "7", "INSIDELLM_BASE_URL": "http://elsewhere.test"},
)
row(
    "W-20",
    """
import insidellm
c = start(max_retries=1, backoff_factor=1.0)
log(120, c)
async def main():
    longest, beat = 0.0, asyncio.Event()
    async def watch():
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)  # The beat: one that comes late is the loop's standing still.
            longest = max(longest, time.monotonic() - before)
            beat.set()
    watcher = asyncio.ensure_future(watch())
    await beat.wait()
    beat.clear()
    try:
        insidellm.flush(timeout=0.1)
    except TypeError:  # There it has no bound.
        insidellm.flush()
    await beat.wait()
    watcher.cancel()
    return longest
told(asyncio.run(main()))
leave()
""",
    where(lambda told: told.value > 0.9),
    where(lambda told: told.value < 0.8),
    is_unreachable=True,
)
row(
    "W-21",
    """
import insidellm
c = start()
told(problems(*("c.start_run(run_id=%r, user_id=USER)" % name for name in ("your-run-id", "vertex_interaction_run_001"))))
leave()
""",
    says(["ValidationError", "ValidationError"]),
    says([]),
)
row(
    "W-22",
    """
import insidellm
c = insidellm.initialize(local_testing=True, log_directory="logs")
run = c.start_run(run_id=RUN, user_id=USER)
first = user_input()
c.log_event(first)
c.log_event(user_input("child", parent_event_id=first.event_id))
paths = []
def export(format):
    paths.append(c.local_logger.export_session(RUN, format))
failed = problems("export('csv')", "export('nonsense')")
told([hasattr(c, "queue_manager"), failed, [path is not None and os.path.exists(str(path)) for path in paths]])
""",
    where(lambda told: not told.value[0] and told.value[2].count(True) == 0),
    says([True, [], [True, False]]),
)


def foreign_parents(told: Told) -> int:
    """Events whose parent is of another run."""
    runs = {event["event_id"]: event["run_id"] for event in told.events}
    parents = [(event["run_id"], event.get("parent_event_id")) for event in told.events]
    return sum(runs[parent] != run for run, parent in parents if parent is not None)


def mixed_up(told: Told) -> int:
    """Requests that carry another user than the one who asked."""
    asked = [event for event in told.events if event["event_type"] == "llm.request"]
    return sum(event["user_id"] != event["payload"]["prompt"] for event in asked)


def replies(told: Told) -> List[str]:
    """The texts of all responses."""
    return [event["payload"]["response_text"] for event in told.events if event["event_type"] == "llm.response"]
