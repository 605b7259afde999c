//! `/api/v1/conversations/{id}/ratings`

use serde_json::{Value, json};

use crate::support::{TestServer, generation};

const GOOD: &str = "CONVERSATION_RATING_VALUE_GOOD";
const BAD: &str = "CONVERSATION_RATING_VALUE_BAD";
const PATH: &str = "/api/v1/conversations/c%2F1/ratings";

#[tokio::test]
async fn the_same_rating_again_is_answered_as_the_first_time() {
    let server = TestServer::start().await;
    let rating =
        json!({"rating_id": "r1", "rating": GOOD, "comment": "fine", "metadata": {"k": [1]}, "later": 1});
    let first = server.post(PATH, rating.clone()).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let body = first.json();
    assert_eq!(body["rating"]["conversation_id"], "c/1");
    assert_eq!(body["rating"]["created_at"], "2026-11-22T08:00:00.123456Z");
    assert_eq!((&body["rating"]["later"], &body["rating"]["metadata"]), (&json!(1), &json!({"k": [1]})));
    assert_eq!(
        (&body["summary"]["total_count"], &body["summary"]["has_bad_rating"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(body["summary"].get("latest_bad_at"), None);
    assert_eq!(server.post(PATH, rating.clone()).await.json(), body);
    let mut other = rating.clone();
    other["comment"] = "not fine".into();
    let conflict = server.post(PATH, other).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text().contains("idempotency conflict"), "{}", conflict.text());
    // Ids are those of the tenant, not of the conversation.
    assert_eq!(server.post("/api/v1/conversations/c2/ratings", rating).await.status, 409);
    server.stop().await;
}

#[tokio::test]
async fn ratings_are_listed_and_counted() {
    let server = TestServer::start().await;
    server.store_generations(json!([generation("g1", "c/1", "hi")])).await;
    let conversation = || server.get("/api/v1/conversations/c%2F1");
    assert_eq!(conversation().await.json().get("rating_summary"), None);
    for (id, rating) in [("r1", GOOD), ("r2", BAD), ("r3", GOOD)] {
        assert_eq!(server.post(PATH, json!({"rating_id": id, "rating": rating})).await.status, 200);
    }
    let page = server.get(&format!("{PATH}?limit=2")).await.json();
    let ids = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["rating_id"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(ids(&page), ["r3", "r2"]);
    let next = page["next_cursor"].as_str().unwrap();
    let page = server.get(&format!("{PATH}?cursor={next}")).await.json();
    assert_eq!((ids(&page), page.get("next_cursor")), (vec!["r1".to_owned()], None));
    let answer = server.get(&format!("{PATH}?cursor=here")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("\"here\": invalid cursor; use next_cursor"), "{}", answer.error());
    let summary = conversation().await.json()["rating_summary"].clone();
    assert_eq!((&summary["good_count"], &summary["bad_count"]), (&json!(2), &json!(1)));
    assert_eq!((&summary["latest_rating"], &summary["has_bad_rating"]), (&json!(GOOD), &json!(true)));
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let server = TestServer::start().await;
    for (rating, why) in [
        (json!({"rating": GOOD}), "rating_id is required"),
        (json!({"rating_id": "r", "rating": "good"}), "not one of CONVERSATION_RATING_VALUE_GOOD"),
        (json!({"rating_id": "r".repeat(129), "rating": GOOD}), "rating_id has 129 bytes"),
        (json!({"rating_id": "r", "rating": GOOD, "comment": "é".repeat(2049)}), "comment has 4098 bytes"),
        (json!({"rating_id": "r", "rating": GOOD, "metadata": {"k": "x".repeat(17000)}}), "metadata has"),
        (json!({"rating_id": "r", "rating": GOOD, "source": 5}), "source is 5"),
        (json!([1]), "not a JSON object"),
    ] {
        let refused = server.post(PATH, rating).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    let large =
        server.post(PATH, json!({"rating_id": "r", "rating": GOOD, "metadata": ["é".repeat(100_000)]})).await;
    let error = large.json()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("metadata is [\"éé") && error.ends_with("é…, not an object"), "{error}");
    assert!(error.len() < 300, "what was sent is not sent back whole: {} bytes", error.len());
    server.stop().await;
}

#[tokio::test]
async fn ratings_go_with_their_conversation_and_stay_in_their_tenant() {
    let server = TestServer::start().await;
    let rating = json!({"rating_id": "r1", "rating": GOOD});
    server.post(PATH, rating.clone()).await;
    let other = server.ask("GET", PATH).header("x-scope-orgid", "b").send().await.json();
    assert_eq!(other, json!({"items": []}));
    server.ask("DELETE", "/api/v1/conversations/c%2F1").send().await;
    assert_eq!(server.get(PATH).await.json(), json!({"items": []}));
    assert_eq!(server.post(PATH, rating).await.status, 410);
    server.stop().await;
}
