"""The originals and ours, run on the same programs and compared: wire, errors, spans, metrics, log.

`run.py` runs in each environment, `compare.py` says what differs, `differences.py` says which differences are meant.
"""
