//! Forgetting, now and then, the processes that nobody has heard of for long.

use std::sync::Arc;

use tokio::time::interval;

use crate::app::App;
use crate::error::Chain;
use crate::limits;

/// Runs until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    let mut stopping = app.stopping.subscribe();
    let mut ticks = interval(limits::FORGET_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            // Fails only when the sender is gone, which is with the server.
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let Ok(before) = app.clock.now().checked_sub(limits::CLIENT_FORGOTTEN) else { continue };
        match app.store.forget_deliveries(before).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "forgot clients that were not heard of for long"),
            Err(error) => tracing::warn!(reason = %Chain(&error), "cannot forget old clients"),
        }
    }
}
