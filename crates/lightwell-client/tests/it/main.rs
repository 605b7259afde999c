//! The client against scripted servers on real sockets. Nothing here sleeps: tests wait for conditions.

mod grpc;
mod grpc_server;
mod http;
mod http_server;
mod lifecycle;
mod support;
