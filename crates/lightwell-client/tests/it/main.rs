//! The client against scripted servers on real sockets. Nothing here sleeps: tests wait for conditions.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod account;
mod compression;
mod grpc;
mod grpc_server;
mod http;
mod http_server;
mod lifecycle;
mod spool;
mod support;
