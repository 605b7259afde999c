"""Configuration: keyword > `config=` object > environment > default."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Callable, Dict, Mapping, Optional

DEFAULT_BASE_URL = "https://api.insideLLM.com"

_TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
_LOG_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


@dataclass
class InsideLLMConfig:
    """Delivery settings. Intervals and timeouts are seconds, sizes are events. `ValueError` for a value out of range.

    `spool_*`: empty and 0 mean what `LIGHTWELL_SPOOL_DIR`, `_MAX_BYTES`, `_WHEN_FULL`, `_FSYNC` say.
    """

    max_queue_size: int = 10000
    batch_size: int = 50
    auto_flush_interval: float = 30.0
    request_timeout: float = 30.0
    max_retries: int = 3
    backoff_factor: float = 2.0
    raise_on_error: bool = False
    strict_validation: bool = True
    log_level: str = "INFO"
    enable_debug_logging: bool = False
    spool_dir: str = ""
    spool_max_bytes: int = 0
    spool_when_full: str = ""
    spool_fsync: str = ""

    def __post_init__(self) -> None:
        self.validate()

    @classmethod
    def from_env(cls, env: Optional[Mapping[str, str]] = None) -> InsideLLMConfig:
        """Settings from `INSIDELLM_<FIELD>` variables. What cannot be read as a number counts as unset."""
        variables = os.environ if env is None else env
        values: Dict[str, Any] = {}
        for field in fields(cls):
            text = variables.get(f"INSIDELLM_{field.name.upper()}")
            if text is not None:
                values[field.name] = _parse(text, type(field.default), field.default)
        return cls(**values)

    def validate(self) -> None:
        """`ValueError` naming the first field that is out of range."""
        _require(self.max_queue_size > 0, "max_queue_size must be greater than 0")
        _require(self.batch_size > 0, "batch_size must be greater than 0")
        _require(self.batch_size <= self.max_queue_size, "batch_size must not be greater than max_queue_size")
        _require(self.auto_flush_interval >= 0, "auto_flush_interval must not be negative")
        _require(self.request_timeout > 0, "request_timeout must be greater than 0")
        _require(self.max_retries >= 0, "max_retries must not be negative")
        _require(self.backoff_factor > 0, "backoff_factor must be greater than 0")
        _require(self.log_level.upper() in _LOG_LEVELS, f"log_level must be one of {', '.join(sorted(_LOG_LEVELS))}")

    def to_dict(self) -> Dict[str, Any]:
        """All fields."""
        return asdict(self)


def resolve(config: Optional[InsideLLMConfig], overrides: Mapping[str, Any]) -> InsideLLMConfig:
    """The configuration of a client. `TypeError` for an unknown keyword."""
    base = config if config is not None else InsideLLMConfig.from_env()
    return replace(base, **overrides)


def resolve_base_url(base_url: Optional[str]) -> str:
    """The given address, else `INSIDELLM_BASE_URL`, else the default; without trailing slashes."""
    return (base_url or os.environ.get("INSIDELLM_BASE_URL", "").strip() or DEFAULT_BASE_URL).rstrip("/")


def apply_log_level(config: InsideLLMConfig) -> None:
    """Sets the level of the logger `insidellm` when the configuration asks for another than the default."""
    level = "DEBUG" if config.enable_debug_logging else config.log_level.upper()
    if level != "INFO":
        logging.getLogger("insidellm").setLevel(level)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _parse(text: str, kind: Callable[[str], Any], default: Any) -> Any:
    if kind is bool:
        return text.strip().lower() in _TRUE_WORDS
    try:
        return kind(text.strip())
    except ValueError:
        return default
