"""Export over gRPC. Neither `grpcio` nor `protobuf` is needed."""

from __future__ import annotations

from collections.abc import Mapping

from ._native import NativeDelivery
from ._sending import SendingExporter


class GRPCGenerationExporter(SendingExporter):
    """Calls the ingest services. Plain text if `insecure`, for `http://` and for a loopback host without scheme; else TLS."""

    def __init__(self, endpoint: str, headers: Mapping[str, str] | None = None, insecure: bool = False) -> None:
        super().__init__(NativeDelivery("grpc", endpoint, headers, insecure or None))
