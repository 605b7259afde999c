//! A panic of the redaction lets nothing out, and spoils nothing that comes after.

use lightwell_redact::{Failed, Level, Redactor, guarded};

const SECRET: &str = "key AKIAIOSFODNN7EXAMPLE";

#[test]
fn a_panic_is_a_failure_and_the_next_text_is_redacted() {
    let redactor = Redactor::new(true);
    let broken = guarded(|| {
        let redacted = redactor.text(SECRET, Level::Full);
        assert!(redacted.is_empty(), "stands for a defect");
        redacted
    });
    assert_eq!(broken, Err(Failed));
    let redacted = guarded(|| redactor.text(SECRET, Level::Full));
    assert_eq!(redacted.as_deref(), Ok("key [REDACTED:aws-access-token]"));
}

#[test]
fn a_panic_on_another_thread_spoils_nothing_here() {
    let redactor = Redactor::new(true);
    let broken = std::thread::spawn(move || guarded(|| -> usize { panic!("stands for a defect") })).join();
    assert_eq!(broken.ok(), Some(Err(Failed)));
    assert!(!redactor.text(SECRET, Level::Light).contains("AKIA"));
}
