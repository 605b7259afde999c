//! SIGTERM in a program that has no handler of its own: what is queued is delivered, within a bounded time, and then the
//! process ends by that signal as it would have without us. See docs/adr/0009-signals.md.
//!
//! The signal handler wakes a thread that sleeps in a read; that thread flushes, restores the default and raises again.
//!
//! Invariants: we handle the signal only where it would kill the process (checked and changed under the interpreter lock, under
//! which Python changes it too); the handler allocates nothing and takes no lock; a forked child that has recorded nothing,
//! and whoever sends a second SIGTERM, get the default at once.
#![expect(unsafe_code, reason = "signal dispositions and inherited descriptors have no safe interface")]

use std::io::{PipeReader, Read};
use std::os::fd::{IntoRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use lightwell_client::{Pipeline, Process};
use pyo3::prelude::*;

/// Fits the 15 bytes that Linux keeps of a thread's name.
const THREAD_NAME: &str = "lightwell-term";

/// The process whose thread listens; 0 = none.
static LISTENS: AtomicI32 = AtomicI32::new(0);
/// Where the handler writes.
static WAKE: AtomicI32 = AtomicI32::new(-1);
/// A SIGTERM has come in this process.
static CAME: AtomicBool = AtomicBool::new(false);
/// Pipelines that have recorded something in this process.
static PIPELINES: Mutex<Vec<Weak<Pipeline>>> = Mutex::new(Vec::new());
/// How often this process and its ancestors were forked, so that a pipeline knows whether it is listed here.
static FORKS: AtomicU32 = AtomicU32::new(1);

/// Has forks counted, before there is anything that they could bring into disorder: asking the system for the process's id would
/// cost more than most of what a record needs. Where no handler can be registered, the system is asked.
pub(crate) fn watch_forks() {
    static REGISTERED: Once = Once::new();

    extern "C" fn in_child() {
        Process::forked();
    }
    REGISTERED.call_once(|| {
        // SAFETY: the handler does nothing but add to an atomic, which is allowed in a forked child. The module is never unloaded.
        if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
            Process::count_forks();
        }
    });
}

/// Where a pipeline notes whether it is listed in this process.
#[derive(Debug, Default)]
pub(crate) struct Listed(AtomicU32);

impl Listed {
    /// True once per pipeline and process. One relaxed load when it is false.
    pub(crate) fn is_first(&self) -> bool {
        let forks = FORKS.load(Ordering::Relaxed);
        self.0.load(Ordering::Relaxed) != forks && self.0.swap(forks, Ordering::Relaxed) != forks
    }
}

/// Has this pipeline flushed when SIGTERM comes.
pub(crate) fn list(pipeline: &Arc<Pipeline>) {
    // Held only by the listening thread, for a moment, when the process is about to end.
    let Ok(mut pipelines) = PIPELINES.try_lock() else { return };
    pipelines.retain(|known| known.strong_count() > 0);
    pipelines.push(Arc::downgrade(pipeline));
}

/// Handles SIGTERM from now on, if it would kill the process; it then has `grace_seconds` to deliver.
#[pyfunction]
pub(crate) fn arm_sigterm(grace_seconds: f64) -> std::io::Result<()> {
    let grace = Duration::try_from_secs_f64(grace_seconds).map_err(std::io::Error::other)?;
    let process = process();
    if LISTENS.load(Ordering::SeqCst) != process {
        let (reader, writer) = std::io::pipe()?;
        std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || listen(reader, grace))?;
        CAME.store(false, Ordering::SeqCst);
        WAKE.store(writer.into_raw_fd(), Ordering::SeqCst);
        LISTENS.store(process, Ordering::SeqCst);
    }
    rearm_sigterm();
    Ok(())
}

/// Handles SIGTERM again, after the program has put the default back.
#[pyfunction]
pub(crate) fn rearm_sigterm() {
    if LISTENS.load(Ordering::SeqCst) == process() && would_kill() {
        handle();
    }
}

/// What a forked child does first: it forgets that its pipelines are listed, and closes its copies of the parent's connections.
#[pyfunction]
pub(crate) fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    if let Ok(mut pipelines) = PIPELINES.try_lock() {
        pipelines.clear();
    }
    let connections = lightwell_client::take_inherited_connections();
    if !connections.is_empty() {
        sockets::close_copies(&connections);
    }
}

fn listen(mut reader: PipeReader, grace: Duration) {
    block_signals();
    // The write end is never closed in this process, so this waits for the handler.
    if reader.read_exact(&mut [0]).is_err() {
        return;
    }
    let until = Instant::now() + grace;
    let listed = std::mem::take(&mut *PIPELINES.lock().unwrap_or_else(PoisonError::into_inner));
    let pipelines: Vec<Arc<Pipeline>> = listed.iter().filter_map(Weak::upgrade).collect();
    let flushes: Vec<_> = pipelines.iter().map(|pipeline| pipeline.begin_flush()).collect();
    for flush in &flushes {
        while !flush.wait(Some(until)) && Instant::now() < until {}
    }
    die();
}

extern "C" fn on_sigterm(_signal: libc::c_int) {
    let listens = LISTENS.load(Ordering::SeqCst) == process();
    if !listens || CAME.swap(true, Ordering::SeqCst) || !wake(WAKE.load(Ordering::SeqCst)) {
        die();
    }
}

fn wake(pipe: RawFd) -> bool {
    // SAFETY: write(2) is async-signal-safe and reads one byte of a live constant. When it succeeds it leaves errno alone.
    unsafe { libc::write(pipe, [1_u8].as_ptr().cast(), 1) == 1 }
}

/// Ends the process as SIGTERM would have. Where that is ignored (process 1 of a container) it goes on, as it would have.
fn die() {
    set_disposition(libc::SIG_DFL);
    // SAFETY: kill(2) is async-signal-safe and takes no pointers.
    unsafe {
        libc::kill(process(), libc::SIGTERM);
    }
}

fn process() -> i32 {
    // SAFETY: getpid(2) cannot fail and is async-signal-safe.
    unsafe { libc::getpid() }
}

fn handle() {
    set_disposition(on_sigterm as extern "C" fn(libc::c_int) as libc::sighandler_t);
}

fn set_disposition(handler: libc::sighandler_t) {
    // SAFETY: a zeroed sigaction with an empty mask is valid, sigaction(2) is async-signal-safe and copies what it is given.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGTERM, &raw const action, std::ptr::null_mut());
    }
}

/// The default is in force, or our own handler (inherited, or set before).
fn would_kill() -> bool {
    // SAFETY: sigaction(2) without a new action only writes the present one into `now`.
    let handler = unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGTERM, std::ptr::null(), &raw mut now) != 0 {
            return false;
        }
        now.sa_sigaction
    };
    handler == libc::SIG_DFL || handler == on_sigterm as extern "C" fn(libc::c_int) as libc::sighandler_t
}

/// Signals are for the program's own threads.
fn block_signals() {
    // SAFETY: both calls only touch the set on this stack and this thread's mask.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
}

/// Closing this process' copies of sockets that the parent goes on using.
mod sockets {
    use std::mem::ManuallyDrop;
    use std::net::{SocketAddr, TcpStream};
    use std::os::fd::{FromRawFd, RawFd};

    /// Closes each descriptor that is one of these connections (local, remote).
    pub(super) fn close_copies(connections: &[(SocketAddr, SocketAddr)]) {
        let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
        let descriptors = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let found: Vec<RawFd> = descriptors.filter(|fd| is_one_of(*fd, connections)).collect();
        for fd in found {
            // SAFETY: the descriptor is this process' copy of a connection that only the parent's delivery thread owns, and
            // that thread does not exist here. close(2) does not disturb the parent's registration with its epoll.
            unsafe {
                libc::close(fd);
            }
        }
    }

    fn is_one_of(fd: RawFd, connections: &[(SocketAddr, SocketAddr)]) -> bool {
        // SAFETY: asked for its addresses only, and not closed: it is not ours before the answer says so.
        let socket = ManuallyDrop::new(unsafe { TcpStream::from_raw_fd(fd) });
        let (Ok(local), Ok(remote)) = (socket.local_addr(), socket.peer_addr()) else { return false };
        connections.contains(&(local, remote))
    }
}
