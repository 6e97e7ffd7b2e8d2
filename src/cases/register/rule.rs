//! What a report has to bring: the collection rule (采集规范) of its class. Articles 7, 11.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cases::CaseSource;
use crate::catalogue::ClassCode;
use crate::rules::{CollectionRule, RuleSet};

/// A report as its collection rule looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report<'a> {
    pub(super) class: ClassCode,
    pub(super) source: CaseSource,
    pub(super) photos: usize,
    /// As exact as the reporter's device says, metres.
    pub(super) accuracy_m: Option<f64>,
    pub(super) observed_at: DateTime<Utc>,
    pub(super) text: &'a str,
}

/// A report that breaks the collection rule of its class.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("collection rule {scope} of rule set {rule_set}, Article 7: {wants}")]
pub struct RuleBroken {
    /// Which field of the report.
    pub field: &'static str,
    /// Of the rule: `all classes`, a group `M06` or a class `M06042`.
    pub scope: String,
    pub rule_set: String,
    /// What it asks for and what came.
    pub wants: String,
}

/// Photos and exact positions are asked of collectors, who stand there; what callers, media and
/// departments report is verified on site instead.
pub(super) fn check(
    report: &Report<'_>,
    rules: &RuleSet,
    now: DateTime<Utc>,
) -> Result<(), RuleBroken> {
    let rule = rules.collection(report.class);
    let broken = |(field, wants): (&'static str, String)| RuleBroken {
        field,
        scope: match rule.scope.to_string() {
            all if all.is_empty() => "for all classes".to_owned(),
            scope => scope,
        },
        rule_set: rules.head.name.clone(),
        wants,
    };
    first_breach(report, rule, now).map_or(Ok(()), |breach| Err(broken(breach)))
}

fn first_breach(
    report: &Report<'_>,
    rule: &CollectionRule,
    now: DateTime<Utc>,
) -> Option<(&'static str, String)> {
    if rule.text_required && report.text.trim().is_empty() {
        return Some(("/text", "a description is needed".to_owned()));
    }
    let age = now - report.observed_at;
    if age > rule.report_age_max {
        let (is, max) = (spoken(age), spoken(rule.report_age_max));
        return Some((
            "/observed_at",
            format!("{is} ago; at most {max} are allowed"),
        ));
    }
    if report.source != CaseSource::Collector {
        return None;
    }
    let photos_min = usize::try_from(rule.report_photos_min).unwrap_or_default();
    if report.photos < photos_min {
        let wants = format!(
            "at least {photos_min} photos are needed, {} came",
            report.photos
        );
        return Some(("/attachments", wants));
    }
    match report.accuracy_m {
        Some(accuracy_m) if accuracy_m > rule.accuracy_m_max => Some((
            "/accuracy_m",
            format!(
                "the position is exact to {accuracy_m:.0} m; at most {:.0} m are allowed",
                rule.accuracy_m_max
            ),
        )),
        _ => None,
    }
}

fn spoken(time: TimeDelta) -> String {
    match time.num_minutes() {
        minutes if minutes < 120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}
