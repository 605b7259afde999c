"""What is tested, who is tested, who judges, and where a trial belongs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass as frozen_dataclass
from enum import Enum
from importlib import import_module
from typing import Any, ClassVar

from .._records import dataclass, field

__all__ = [
    "Candidate",
    "ENV_ATTEMPT",
    "ENV_EXPERIMENT_ID",
    "ENV_RUN_ID",
    "ENV_SUITE_ID",
    "ENV_SUITE_VERSION",
    "ENV_TEST_CASE_ID",
    "ENV_TRAJECTORY_ID",
    "Evaluator",
    "EvaluatorKind",
    "ExperimentStatus",
    "TestCase",
    "TestSuite",
    "TrialRef",
    "TrialStatus",
    "normalize_evaluator_kind",
]

ENV_EXPERIMENT_ID = "SIGIL_EXPERIMENT_ID"
#: The old name of `ENV_EXPERIMENT_ID`.
ENV_RUN_ID = "SIGIL_RUN_ID"
ENV_TEST_CASE_ID = "SIGIL_TEST_CASE_ID"
ENV_ATTEMPT = "SIGIL_ATTEMPT"
ENV_SUITE_ID = "SIGIL_SUITE_ID"
ENV_SUITE_VERSION = "SIGIL_SUITE_VERSION"
ENV_TRAJECTORY_ID = "SIGIL_TRAJECTORY_ID"


class ExperimentStatus(str, Enum):
    """Where an experiment stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class TrialStatus(str, Enum):
    """Where a trial stands."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class EvaluatorKind(str, Enum):
    """Who or what judges."""

    LLM_JUDGE = "llm_judge"
    DETERMINISTIC = "deterministic"
    HUMAN = "human"
    CUSTOM = "custom"


_KINDS = {
    EvaluatorKind.LLM_JUDGE: ("llm_judge", "llm-judge", "llm", "judge", "rubric"),
    EvaluatorKind.DETERMINISTIC: ("deterministic", "check", "rule", "exact", "code"),
    EvaluatorKind.HUMAN: ("human", "manual", "annotator"),
}
_KIND_OF_WORD = {word: kind.value for kind, words in _KINDS.items() for word in words}


def normalize_evaluator_kind(kind: str | None) -> str:
    """One of the values of `EvaluatorKind`; words that we do not know are `custom`."""
    word = str(getattr(kind, "value", kind) or "").strip().lower()
    return _KIND_OF_WORD.get(word, EvaluatorKind.CUSTOM.value)


@dataclass(slots=True)
class TestCase:
    """One task and what is expected of it."""

    #: Not a test of this program, whatever its name says to pytest.
    __test__ = False

    test_case_id: str
    name: str = ""
    description: str = ""
    tags: list[str] = field(default_factory=list)
    category: str = ""
    input: Any = None
    expected: Any = None
    weight: float = 1.0
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TestCase:
        """Of a mapping; `id` is another name of `test_case_id`. `ValueError` without an id."""
        id_ = _text(data, "test_case_id") or _text(data, "id")
        if not id_:
            raise ValueError("test case requires an 'id' (or 'test_case_id')")
        weight = data.get("weight")
        return cls(
            test_case_id=id_,
            name=_text(data, "name"),
            description=_text(data, "description"),
            tags=_tags(data),
            category=_text(data, "category"),
            input=data.get("input"),
            expected=data.get("expected"),
            weight=1.0 if weight is None else float(weight),
            metadata=dict(data.get("metadata") or {}),
        )


@dataclass(slots=True)
class TestSuite:
    """A named and versioned set of test cases."""

    __test__ = False

    suite_id: str
    name: str = ""
    version: str = "1.0.0"
    description: str = ""
    tags: list[str] = field(default_factory=list)
    changelog: str = ""
    test_cases: list[TestCase] = field(default_factory=list)

    @property
    def cases(self) -> list[TestCase]:
        """The same list as `test_cases`."""
        return self.test_cases

    def case(self, test_case_id: str) -> TestCase | None:
        """The test case of that id."""
        return next((case for case in self.test_cases if case.test_case_id == test_case_id), None)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TestSuite:
        """Of a mapping; `id` and `cases` are other names of `suite_id` and `test_cases`. `ValueError` without an id."""
        id_ = _text(data, "suite_id") or _text(data, "id")
        if not id_:
            raise ValueError("suite requires a 'suite_id' (or 'id')")
        return cls(
            suite_id=id_,
            name=_text(data, "name"),
            version=_text(data, "version") or "1.0.0",
            description=_text(data, "description"),
            tags=_tags(data),
            changelog=_text(data, "changelog"),
            test_cases=[TestCase.from_dict(case) for case in data.get("test_cases") or data.get("cases") or []],
        )

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> TestSuite:
        """Of a YAML file (needs PyYAML). `ValueError` unless it is a mapping."""
        try:
            yaml = import_module("yaml")
        except ImportError as error:
            raise ImportError("TestSuite.from_yaml needs PyYAML: pip install pyyaml") from error

        with open(path, encoding="utf-8") as file:
            data = yaml.safe_load(file)
        if not isinstance(data, dict):
            raise ValueError(f"suite YAML must be a mapping, got {type(data).__name__}")
        return cls.from_dict(data)


@dataclass(slots=True)
class Candidate:
    """What is tested."""

    agent_name: str = ""
    agent_version: str = ""
    prompt_version: str = ""
    model_provider: str = ""
    model_name: str = ""
    git_sha: str = ""

    @classmethod
    def from_obj(cls, value: Candidate | Mapping[str, Any] | None) -> Candidate | None:
        """Of a mapping, whose unknown keys are left out; a candidate as it is."""
        if value is None or isinstance(value, Candidate):
            return value
        if not isinstance(value, Mapping):
            raise TypeError(f"candidate must be a Candidate or dict, got {type(value).__name__}")
        return cls(**{name: value[name] for name in cls.__match_args__ if name in value})

    def as_metadata(self) -> dict[str, Any]:
        """The fields that are not empty."""
        return {name: getattr(self, name) for name in self.__match_args__ if getattr(self, name)}


@dataclass(slots=True)
class Evaluator:
    """Who judged: an id, a version, a kind (see `normalize_evaluator_kind`) and what it compared with."""

    evaluator_id: str
    version: str = "0"
    kind: str = "custom"
    reference_set_id: str = ""
    reference_set_version: str = ""

    def normalized_kind(self) -> str:
        """One of the values of `EvaluatorKind`."""
        return normalize_evaluator_kind(self.kind)


@frozen_dataclass(frozen=True)
class TrialRef:
    """Which attempt at which test case of which experiment: enough for another process to go on with it."""

    experiment_id: str
    test_case_id: str
    attempt: int = 1
    suite_id: str = ""
    suite_version: str = ""
    suite_name: str = ""
    test_case_name: str = ""
    trajectory_id: str = ""

    _ENV: ClassVar[dict[str, str]] = {
        ENV_EXPERIMENT_ID: "experiment_id",
        ENV_TEST_CASE_ID: "test_case_id",
        ENV_ATTEMPT: "attempt",
        ENV_SUITE_ID: "suite_id",
        ENV_SUITE_VERSION: "suite_version",
        ENV_TRAJECTORY_ID: "trajectory_id",
    }

    @property
    def run_id(self) -> str:
        """The old name of `experiment_id`."""
        return self.experiment_id

    def to_json(self) -> dict[str, Any]:
        """All fields, for `from_json`."""
        return {name: getattr(self, name) for name in self.__match_args__}

    @classmethod
    def from_json(cls, payload: Mapping[str, Any]) -> TrialRef:
        """Of what `to_json` made; `run_id` is another name of `experiment_id`."""
        texts = {name: _text(payload, name) for name in cls.__match_args__ if name != "attempt"}
        texts["experiment_id"] = texts["experiment_id"] or _text(payload, "run_id")
        return cls(**texts, attempt=_attempt(payload.get("attempt")))

    def to_env(self) -> dict[str, str]:
        """Environment variables for `from_env` in a child process. Empty fields are left out."""
        values = {variable: str(getattr(self, name)) for variable, name in self._ENV.items()}
        return {variable: value for variable, value in values.items() if value}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> TrialRef | None:
        """Of the environment; None unless it names an experiment and a test case."""
        env = os.environ if environ is None else environ
        given = {name: env.get(variable, "").strip() for variable, name in cls._ENV.items()}
        given["experiment_id"] = given["experiment_id"] or env.get(ENV_RUN_ID, "").strip()
        if not given["experiment_id"] or not given["test_case_id"]:
            return None
        attempt = _attempt(given.pop("attempt"))
        return cls(**given, attempt=attempt)


def _attempt(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 1


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value).strip()


def _tags(data: Mapping[str, Any]) -> list[str]:
    return [str(tag) for tag in data.get("tags") or []]
