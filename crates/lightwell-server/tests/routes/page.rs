//! What a browser gets, and every path that is no route.

use crate::support::TestServer;

#[tokio::test]
async fn a_path_of_the_api_that_does_not_exist_is_not_found() {
    let server = TestServer::start().await;
    for path in ["/api/v1/nope", "/api/v2/conversations/x", "/favicon.png"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.error().contains("/openapi.json lists what there is"), "{}", answer.error());
    }
    server.stop().await;
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_page_is_served_for_every_place_in_it() {
    let server = TestServer::start().await;
    for path in ["/", "/conversations/run-1"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html"), "{path}");
        let again = server.ask("GET", path).header("if-none-match", answer.header("etag")).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    server.stop().await;
}

#[cfg(not(feature = "ui"))]
#[tokio::test]
async fn without_a_page_there_is_nothing_to_see() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/").await.status, 404);
    server.stop().await;
}
