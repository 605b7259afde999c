//! Prints the list of rules for `docs/redaction.md`.

fn main() {
    print!("{}", lightwell_redact::rules_as_markdown());
}
