"""The loop of an application is not held up: ratios against the originals, and beats while a flush waits."""

from __future__ import annotations

from typing import Iterator

import pytest

from conftest import NewProxy, RunProgram
from server import Server
from stall.measure import measure

SECONDS = 1.5
#: How much less than the original's the delays of our loop must be, all of them together. Measured: 10 to 30 times less.
RATIO = 3.0
#: Beats of a millisecond that a loop must have while a flush of one second waits; a loop that is held up has none.
LEAST_BEATS = 50


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for every test of this file."""
    server = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield server
    server.kill()


@pytest.mark.parametrize("state", ["healthy", "slow", "down"])
def test_a_loop_that_records_is_late_a_fraction_of_what_it_is_with_the_original(shared_server: Server, state: str) -> None:
    """The sum over a thousand beats, without what the machine's other processes took: no single moment decides."""
    original, ours = (
        measure(shared_server, "sigil-http", "20", state, whose, SECONDS).figures for whose in ("original", "ours")
    )
    assert ours["made"] > 0 and original["made"] > 0
    per_beat = [figures["late_total"] / figures["beats"] for figures in (original, ours)]
    assert per_beat[1] < per_beat[0] / RATIO, (original, ours)


FLUSH = """
import asyncio, os, time

async def main():
    {prepare}
    beats = 0
    waiting = asyncio.ensure_future(asyncio.to_thread(flush))
    while not waiting.done():
        await asyncio.sleep(0.001)  # The beat.
        beats += 1
    print(beats, flush=True)
    os._exit(0)

asyncio.run(main())
"""
SIGIL = """
    import sigil_sdk
    from sigil_sdk.config import ClientConfig, GenerationExportConfig
    export = GenerationExportConfig(protocol={protocol!r}, endpoint=os.environ["SERVER"], insecure=True)
    client = sigil_sdk.Client(ClientConfig(generation_export=export))
    with client.start_generation(sigil_sdk.GenerationStart(model=sigil_sdk.ModelRef(provider="p", name="m"))) as recorder:
        recorder.set_result(input=[sigil_sdk.user_text_message("x")], output=[sigil_sdk.assistant_text_message("y")])
    def flush():
        try:
            client.flush(timeout=1.0)
        except TimeoutError:
            pass
"""
INSIDE = """
    import insidellm
    insidellm.initialize(api_key="any", base_url=os.environ["SERVER"])
    client = insidellm.get_client()
    client.start_run(user_id="user-1")
    def flush():
        assert client.flush(timeout=1.0) is False
"""


@pytest.mark.parametrize("lane", ["sigil-http", "sigil-grpc", "insidellm"])
def test_a_flush_into_a_black_hole_leaves_the_interpreter_to_the_loop(
    shared_server: Server, run_program: RunProgram, new_proxy: NewProxy, lane: str
) -> None:
    proxy = new_proxy(shared_server, lane)
    proxy.swallow()
    prepare = INSIDE if lane == "insidellm" else SIGIL.format(protocol=lane.split("-")[1])
    address = proxy.address if lane == "sigil-grpc" else f"http://{proxy.address}"
    finished = run_program(FLUSH.format(prepare=prepare.strip()), SERVER=address)
    assert int(finished.out) >= LEAST_BEATS
