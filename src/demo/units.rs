//! The responsible units of the demo city and their unified social credit codes.

use serde::Serialize;

use crate::organisation::credit_code::{check, organisation_check};

/// A responsible unit (责任单位).
#[derive(Debug, Clone, Serialize)]
pub(super) struct Unit {
    pub(super) credit_code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
}

/// Where each unit stands in [`units`]; the four sub-districts come first.
pub(super) mod role {
    pub(in crate::demo) const ENFORCEMENT: usize = 4;
    pub(in crate::demo) const SANITATION: usize = 5;
    pub(in crate::demo) const MUNICIPAL: usize = 6;
    pub(in crate::demo) const WATER: usize = 7;
    pub(in crate::demo) const POWER: usize = 8;
    pub(in crate::demo) const TELECOM: usize = 9;
    pub(in crate::demo) const PARKS: usize = 10;
    pub(in crate::demo) const TRAFFIC: usize = 11;
}

/// The units: four sub-districts, then the bodies that look after one kind of thing.
pub(super) fn units() -> Vec<Unit> {
    let quarters = super::names::QUARTERS.iter().map(|(zh, en)| {
        (
            "11",
            format!("示范区{zh}街道办事处"),
            format!("{en} Sub-district Office (demo)"),
        )
    });
    let bodies = [
        (
            "11",
            "示范区城市管理综合执法大队",
            "Urban Enforcement Brigade (demo)",
        ),
        ("12", "示范区环境卫生管理所", "Sanitation Service (demo)"),
        (
            "12",
            "示范区市政设施管理处",
            "Municipal Works Office (demo)",
        ),
        ("91", "示范水务有限公司", "Demo Water Co."),
        ("91", "示范供电公司", "Demo Power Supply Co."),
        ("91", "示范通信公司", "Demo Telecom Co."),
        (
            "12",
            "示范区园林绿化管理处",
            "Parks and Greenery Office (demo)",
        ),
        (
            "11",
            "示范区公安局交通警察大队",
            "Traffic Police Brigade (demo)",
        ),
    ]
    .map(|(kind, zh, en)| (kind, zh.to_owned(), en.to_owned()));
    quarters
        .chain(bodies)
        .zip(1_u32..)
        .map(|((kind, name_zh, name_en), number)| Unit {
            credit_code: credit_code(kind, number),
            name_zh,
            name_en,
        })
        .collect()
}

/// A code of 18 characters: kind of registration, division 321202, organisation with its own
/// check character (GB 11714), check character (GB 32100).
pub(super) fn credit_code(kind: &str, number: u32) -> String {
    let organisation = format!("MB{number:06}");
    let mut code = format!("{kind}321202{organisation}");
    code.extend(organisation_check(&organisation));
    code.extend(check(&code));
    code
}
