"""Offline experiments: test cases run against a candidate, scored, and reported to a server.

`experiments.experiment` is the function that opens an experiment; `from sigil_sdk.experiments.experiment import Trial` still
finds the module of that name.
"""

from __future__ import annotations

from . import otel, score
from .client import Client
from .experiment import Experiment, Trial, experiment, stable_id
from .types import (
    Candidate,
    Evaluator,
    EvaluatorKind,
    ExperimentStatus,
    TestCase,
    TestSuite,
    TrialRef,
    TrialStatus,
    normalize_evaluator_kind,
)

__all__ = [
    "Candidate",
    "Client",
    "Evaluator",
    "EvaluatorKind",
    "Experiment",
    "ExperimentStatus",
    "TestCase",
    "TestSuite",
    "Trial",
    "TrialRef",
    "TrialStatus",
    "experiment",
    "normalize_evaluator_kind",
    "otel",
    "score",
    "stable_id",
]
