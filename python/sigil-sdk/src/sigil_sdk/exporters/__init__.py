"""Exporters that are Python objects, for programs that wrap or call them. A client delivers natively and needs none of them."""

from __future__ import annotations

from .base import GenerationExporter
from .grpc import GRPCGenerationExporter
from .http import HTTPGenerationExporter
from .noop import NoopGenerationExporter

__all__ = ["GRPCGenerationExporter", "GenerationExporter", "HTTPGenerationExporter", "NoopGenerationExporter"]
