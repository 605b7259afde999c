"""A scripted fault proxy between a program and a real server.

    program ──TCP──► Gate ──TCP──► HttpFaults or GrpcFaults ──► server
                     refuse         answer, delay, hold,
                     swallow        lose the answer
                     cut            count each record's id

The gate knows bytes only; what stands behind it knows requests. A fault script sets `proxy.rule` and calls the gate's verbs
from its own thread while requests pass.
"""

from .actions import Action, Answer, Forward, Hold, LoseAnswer, Request, Rule
from .counts import Counts
from .proxy import Proxy

__all__ = ["Action", "Answer", "Counts", "Forward", "Hold", "LoseAnswer", "Proxy", "Request", "Rule"]
