//! The embedded database through its life.

use crate::city::TestCity;

#[tokio::test]
async fn every_test_has_a_city_of_its_own() {
    let (one, other) = tokio::join!(TestCity::new(), TestCity::new());
    one.unit(1).await;
    let count = "select count(*) from unit";
    let of_one: i64 = sqlx::query_scalar(count).fetch_one(&one.db).await.unwrap();
    let of_other: i64 = sqlx::query_scalar(count)
        .fetch_one(&other.db)
        .await
        .unwrap();
    assert_eq!((of_one, of_other), (1, 0));
}
