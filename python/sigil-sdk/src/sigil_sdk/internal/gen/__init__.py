"""Generated from the protobuf contract; `protobuf` and `grpcio` are needed to import its modules."""
