//! The list in the documentation is the table.

#[test]
fn the_list_in_the_documentation_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redaction.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rules = lightwell_redact::rules_as_markdown();
    assert!(
        page.contains(&rules),
        "put what `cargo run -p lightwell-redact --example rules` prints into docs/redaction.md"
    );
}
