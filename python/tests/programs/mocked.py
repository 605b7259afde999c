"""Runs a seed program as it is written, with LiteLLM answering from a mock instead of the network.

usage: MOCK_RESPONSE=text python mocked.py PROGRAM
"""

import functools
import os
import runpy
import sys

import litellm

litellm.completion = functools.partial(litellm.completion, mock_response=os.environ["MOCK_RESPONSE"])
runpy.run_path(sys.argv[1], run_name="__main__")
