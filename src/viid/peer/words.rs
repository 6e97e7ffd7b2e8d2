//! What is said to another library, and what it answers. Pure.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::viid::DeviceId;
use crate::viid::read::written_time;

/// What a subscription is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subscription<'a> {
    pub(super) id: &'a str,
    pub(super) resource_uri: &'a str,
    pub(super) detail: &'a str,
    pub(super) receive_addr: &'a str,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

/// Of a new subscription: the organisation (12), 03 for subscriptions, the time (14) and a number (5).
pub(super) fn subscribe_id(own: &DeviceId, at: DateTime<Utc>, number: usize) -> String {
    format!("{}03{}{number:05}", &own.as_str()[..12], written_time(at))
}

pub(super) fn subscribe(own: &DeviceId, each: &[Subscription<'_>]) -> Value {
    let each: Vec<Value> = each.iter().map(|one| subscribed(own, one)).collect();
    json!({ "SubscribeListObject": { "SubscribeObject": each } })
}

fn subscribed(own: &DeviceId, one: &Subscription<'_>) -> Value {
    json!({
        "SubscribeID": one.id,
        "Title": "城市管理",
        "SubscribeDetail": one.detail,
        "ResourceURI": one.resource_uri,
        "ApplicantName": "cityward",
        "ApplicantOrg": own.as_str(),
        "BeginTime": written_time(one.from),
        "EndTime": written_time(one.until),
        "ReceiveAddr": one.receive_addr,
        "ReportInterval": 1,
        "Reason": "城市管理",
        "OperateType": 0,
        "SubscribeStatus": 0,
        // a view library
        "ResourceClass": 4,
        // pictures of scenes, and no features of anybody
        "ResultImageDeclare": "14",
        "ResultFeatureDeclare": -1,
    })
}

pub(super) fn cancel(own: &DeviceId, ids: &[String], at: DateTime<Utc>) -> Value {
    let each = ids.iter().map(|id| {
        json!({
            "SubscribeID": id,
            "OperateType": 1,
            "SubscribeStatus": 1,
            "SubscribeCancelOrg": own.as_str(),
            "SubscribeCancelPerson": "cityward",
            "CancelTime": written_time(at),
            "CancelReason": "不再需要",
        })
    });
    let each: Vec<Value> = each.collect();
    json!({ "SubscribeListObject": { "SubscribeObject": each } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_asks_for_scenes_and_no_features() {
        let own = DeviceId::read("32120200005030000001").unwrap();
        let at: DateTime<Utc> = "2026-11-22T10:30:00Z".parse().unwrap();
        let id = subscribe_id(&own, at, 1);
        assert_eq!(id, "321202000050032026112218300000001");
        assert_eq!(id.len(), 33);
        let body = subscribe(
            &own,
            &[Subscription {
                id: &id,
                resource_uri: "32120200005030000009",
                detail: "3",
                receive_addr: "https://city.example/VIID/SubscribeNotifications/t",
                from: at,
                until: at,
            }],
        );
        let one = &body["SubscribeListObject"]["SubscribeObject"][0];
        assert_eq!(one["ResultImageDeclare"], "14");
        assert_eq!(one["ResultFeatureDeclare"], -1);
        assert_eq!(one["BeginTime"], "20261122183000");
        let ended = cancel(&own, &[id], at);
        assert_eq!(
            ended["SubscribeListObject"]["SubscribeObject"][0]["OperateType"],
            1
        );
    }
}
