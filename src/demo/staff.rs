//! The people of the demo city: everybody whom the regulation gives something to do.

use std::fmt;

use crate::access::{Role, Secret};

/// Who a person of the demo acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActsFor {
    /// Nobody but themselves: administrators, auditors.
    City,
    /// One of [`BODIES`].
    Body(Body),
    /// The responsible unit of this number, from 1.
    Responsible(usize),
}

/// Bodies that run the work; the responsible units are the city's own, see [`super::units`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    CityCentre,
    DistrictCentre,
    Committee,
    Department,
    Collection,
    Crew,
}

/// Body, kind in the database, registration in its credit code, names.
pub(super) const BODIES: [(Body, &str, &str, &str, &str); 6] = [
    (
        Body::CityCentre,
        "city_centre",
        "12",
        "示范市数字化城市管理中心",
        "City Management Centre (demo)",
    ),
    (
        Body::DistrictCentre,
        "district_centre",
        "12",
        "示范区数字化城市管理中心",
        "District Management Centre (demo)",
    ),
    (
        Body::Committee,
        "committee",
        "11",
        "示范市城市管理委员会",
        "City Management Committee (demo)",
    ),
    (
        Body::Department,
        "department",
        "11",
        "示范市住房和城乡建设局",
        "Housing and Construction Bureau (demo)",
    ),
    (
        Body::Collection,
        "collection",
        "91",
        "示范信息采集有限公司",
        "Demo Collection Co.",
    ),
    (
        Body::Crew,
        "crew",
        "12",
        "示范市快速处置队",
        "Quick-disposal Crew (demo)",
    ),
];

/// Somebody of the demo city.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) login: String,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) acts_for: ActsFor,
    /// Whether the role ends at the demo district.
    pub(super) of_district: bool,
}

/// Responsible units that have a worker besides their manager.
const WITH_WORKER: [usize; 2] = [6, 7];

/// One person a role, a manager for each of the responsible units, workers for two of them.
pub(super) fn staff(responsible_units: usize) -> Vec<Member> {
    let mut staff = of_the_centre();
    for number in 1..=responsible_units {
        let unit = ActsFor::Responsible(number);
        staff.push(member(
            &format!("unit-{number}"),
            &format!("责任单位{number} Manager of unit {number}"),
            Role::UnitManager,
            unit,
        ));
        if WITH_WORKER.contains(&number) {
            staff.push(member(
                &format!("worker-{number}"),
                &format!("处置人员{number} Worker of unit {number}"),
                Role::UnitWorker,
                unit,
            ));
        }
    }
    staff
}

fn member(login: &str, name: &str, role: Role, acts_for: ActsFor) -> Member {
    Member {
        login: login.to_owned(),
        name: name.to_owned(),
        role,
        acts_for,
        of_district: role == Role::DistrictDispatcher,
    }
}

/// Those who work for no responsible unit.
fn of_the_centre() -> Vec<Member> {
    use ActsFor::{Body as Of, City};
    let centre = Of(Body::CityCentre);
    vec![
        member("operator", "受理员 Operator", Role::Operator, centre),
        member("dutychief", "值班长 Duty chief", Role::DutyChief, centre),
        member("dispatcher", "派遣员 Dispatcher", Role::Dispatcher, centre),
        member(
            "district",
            "区派遣员 District dispatcher",
            Role::DistrictDispatcher,
            Of(Body::DistrictCentre),
        ),
        member(
            "collector",
            "信息采集员 Collector",
            Role::Collector,
            Of(Body::Collection),
        ),
        member(
            "checker",
            "核查员 Checker",
            Role::Checker,
            Of(Body::Collection),
        ),
        member(
            "committee",
            "城管委 Committee",
            Role::Committee,
            Of(Body::Committee),
        ),
        member("leader", "领导 Leader", Role::Leader, centre),
        member("officer", "数据员 Data officer", Role::DataOfficer, centre),
        member("planner", "规划员 Planner", Role::Planner, centre),
        member("evaluator", "考核员 Evaluator", Role::Evaluator, centre),
        member("auditor", "审计员 Auditor", Role::Auditor, City),
        member(
            "admin2",
            "管理员二 Second administrator",
            Role::Administrator,
            City,
        ),
        member(
            "department",
            "主管部门 Department",
            Role::UnitManager,
            Of(Body::Department),
        ),
        member(
            "crew",
            "快处队长 Crew leader",
            Role::UnitManager,
            Of(Body::Crew),
        ),
    ]
}

/// People who were added to the demo city just now, and the password all of them have.
#[derive(Debug)]
pub struct Newcomers {
    pub(super) password: Secret,
    /// Login and name.
    pub(super) people: Vec<(String, String)>,
}

impl fmt::Display for Newcomers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "These people of the demo city sign in with the password {} (it is shown only this once):",
            self.password.reveal()
        )?;
        for (login, name) in &self.people {
            write!(f, "\n  {login:<12} {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_somebody_and_no_login_is_given_twice() {
        let staff = staff(12);
        for role in Role::ALL {
            assert!(staff.iter().any(|member| member.role == role), "{role:?}");
        }
        let mut logins: Vec<&str> = staff.iter().map(|member| member.login.as_str()).collect();
        logins.sort_unstable();
        let all = logins.len();
        logins.dedup();
        assert_eq!(logins.len(), all);
    }
}
