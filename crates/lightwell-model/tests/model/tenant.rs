use lightwell_model::{InvalidTenant, TenantId};

#[test]
fn a_tenant_is_named_as_the_sigil_server_allows() {
    for name in ["1", "team-a", "a.b_c!d*(e)'", &"x".repeat(150)] {
        assert_eq!(name.parse::<TenantId>().unwrap().as_str(), name);
    }
}

#[test]
fn a_refused_name_is_told_why() {
    let why = |name: &str| name.parse::<TenantId>().unwrap_err();
    assert_eq!(why(""), InvalidTenant::Empty);
    assert_eq!(why(&"x".repeat(151)).to_string(), "tenant id has 151 bytes, the limit is 150");
    assert_eq!(why("a|b"), InvalidTenant::Character { character: '|' });
    assert_eq!(why("a/b"), InvalidTenant::Character { character: '/' });
    assert_eq!(why(".."), InvalidTenant::Reserved);
}
