"""What the native core needs to know of this package to log events by itself: the default client, the runs, the parents."""

from __future__ import annotations

import sys

from lightwell import EventContext

from ._runs import context_runs
from .client import InsideLLMClient
from .utils import current_parent_event_id_var, parent_run

context = EventContext(
    sys.modules[__package__].__dict__, InsideLLMClient, context_runs, current_parent_event_id_var, parent_run
)
