"""What the programs share: one lane (sigil_sdk over HTTP or gRPC, or insidellm, the originals or ours) and a diary.

The diary is what the program knows by itself: each record that it made, how long the call took, and what the package said.
Everything is in the environment: LANE, ENDPOINT, RUN, DIARY, and COUNT and INTERVAL_S for those that need them.
"""

import json
import os
import sys
import time

#: Records of one conversation.
CONVERSATION = 500
WORDS = "the agent reads a file and looks for the cause of the failure before it changes anything in the code "
COUNT = int(os.environ.get("COUNT", "0"))
INTERVAL_S = float(os.environ.get("INTERVAL_S", "0"))
DIARY = os.open(os.environ["DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def note(**line):
    """One line of the diary; whole, whoever else writes."""
    os.write(DIARY, (json.dumps(line) + "\n").encode())


def leaving():
    """The program is done and only has to end."""
    note(leaving=time.monotonic())


def tell(word):
    """Lets the fault script know where the program is."""
    print(word, flush=True)


def listen():
    """Waits until the fault script says something."""
    return sys.stdin.readline().strip()


def identity(number):
    """The id of a record."""
    return "{}-0000-4000-8000-{:012x}".format(os.environ["RUN"], number)


def conversation(number):
    """The id of its conversation."""
    return "{}-0001-4000-8000-{:012x}".format(os.environ["RUN"], number // CONVERSATION)


class SigilLane:
    """Generations, over HTTP or gRPC."""

    def __init__(self, protocol):
        import sigil_sdk
        from sigil_sdk.config import ClientConfig, GenerationExportConfig

        self.sdk = sigil_sdk
        endpoint = os.environ["ENDPOINT"]
        export = GenerationExportConfig(
            protocol=protocol, endpoint="http://" + endpoint if protocol == "http" else endpoint, insecure=True
        )
        self.client = sigil_sdk.Client(
            ClientConfig(generation_export=export, content_capture=sigil_sdk.ContentCaptureMode.FULL)
        )

    def send(self, number, text, metadata):
        """One generation; what the package said against it."""
        sdk = self.sdk
        start = sdk.GenerationStart(
            model=sdk.ModelRef(provider="openai", name="gpt-4o-mini"),
            id=identity(number),
            conversation_id=conversation(number),
            metadata=metadata,
        )
        recorder = self.client.start_generation(start)
        recorder.set_result(
            input=[sdk.user_text_message(text)],
            output=[sdk.assistant_text_message("It is in line 3.")],
            usage=sdk.TokenUsage(input_tokens=100, output_tokens=5),
        )
        recorder.end()
        error = recorder.err()
        return None if error is None else "{}: {}".format(type(error).__name__, error)[:200]

    def flush(self):
        """Sends what is queued."""
        self.client.flush()

    def shutdown(self, *timeout):
        """Sends what is queued and ends."""
        self.client.shutdown(*timeout)

    def account(self):
        """The package's own counters, where it has any."""
        stats = getattr(self.client, "stats", None)
        return None if stats is None else stats()


class InsideLane:
    """Events."""

    def __init__(self):
        import insidellm

        self.sdk = insidellm
        insidellm.initialize(api_key="any", base_url="http://" + os.environ["ENDPOINT"], auto_flush_interval=1.0)
        self.client = insidellm.get_client()

    def send(self, number, text, metadata):
        """One event; what the package said against it."""
        event = self.sdk.Event(
            event_id=identity(number),
            run_id=conversation(number),
            user_id="user-1",
            event_type=self.sdk.EventType.USER_INPUT,
            payload={"input_text": text},
            metadata=metadata,
        )
        self.client.log_event(event)

    def flush(self):
        """Sends what is queued."""
        self.sdk.flush()

    def shutdown(self, *timeout):
        """Sends what is queued and ends."""
        self.client.shutdown(*timeout)

    def account(self):
        """The package's own counters, where they say why something was dropped."""
        counters = self.client.queue_manager.get_statistics()
        return counters if "dropped_queue_full" in counters else None


class Lane:
    """A lane with its diary."""

    def __init__(self):
        name = os.environ["LANE"]
        self._lane = InsideLane() if name == "insidellm" else SigilLane(name.split("-")[1])

    def record(self, number, text=WORDS, **metadata):
        """Records and notes it. What the package raises is noted as well, and the program goes on."""
        raised = None
        before = time.monotonic()
        try:
            refused = self._lane.send(number, text, metadata)
        except Exception as error:
            refused, raised = None, "{}: {}".format(type(error).__name__, error)[:200]
        took = time.monotonic() - before
        note(record=number, ms=round(took * 1000, 3), refused=refused, raised=raised)

    def record_all(self, first=0, count=COUNT, interval_s=INTERVAL_S):
        """`count` records, one every `interval_s` seconds."""
        begun = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begun + number * interval_s - time.monotonic()))
            self.record(first + number)

    def flush(self):
        """Sends what is queued; a package may say by an exception that it could not."""
        try:
            self._lane.flush()
        except Exception as error:
            note(flush=repr(error)[:200])

    def shutdown(self):
        """Sends what is queued and ends, and notes the package's counters.

        Within SHUTDOWN_S where that is given and the package can be told.
        """
        timeout = [float(os.environ["SHUTDOWN_S"])] if "SHUTDOWN_S" in os.environ else []
        try:
            self._lane.shutdown(*timeout)
        except TypeError:
            self._lane.shutdown()
        self.note_account()

    def note_account(self):
        """Notes the package's counters, where it has any."""
        account = self._lane.account()
        if account is not None:
            note(account=account, pid=os.getpid())
