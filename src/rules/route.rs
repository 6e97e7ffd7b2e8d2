//! Whose case it is: the most specific rule that exists decides (R3.5).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PlaceScope;
use crate::catalogue::{Catalogue, ClassCode, ClassPrecision, ClassScope};
use crate::space::GroundPoint;
use crate::territory::{Rule, Spot, Territory};

/// How far from a reported place its component is looked for, metres.
const REACH_M: f64 = 15.0;

/// A routing rule of a rule set.
///
/// Of rules that fit, the one with the more precise classes decides, then the one with the
/// smaller place. A rule names a unit, or which of a component's own units it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RouteRule {
    pub id: i64,
    #[schema(value_type = String, example = "M06")]
    pub classes: ClassScope,
    pub place: PlaceScope,
    pub to: RouteTo,
    /// From when to when it holds; missing: as long as the rule set does.
    pub valid_from: Option<DateTime<Utc>>,
    pub valid_to: Option<DateTime<Utc>>,
}

/// Where a routing rule leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteTo {
    /// To this unit, where no component names one of its own.
    Unit(i32),
    /// To the component's maintenance unit (养护单位), or nobody.
    Maintenance,
    /// To the component's owner (权属单位), or nobody.
    Owner,
}

/// A decided dispute that decides the next case of its kind (R15.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Precedent {
    pub id: i64,
    pub class: ClassCode,
    /// The community or cell it was decided for.
    #[sqlx(try_from = "String")]
    pub place: PlaceScope,
    /// Only for this component; missing: for any and for none.
    pub component_id: Option<i64>,
    pub unit_id: i32,
    /// The case whose dispute was decided.
    pub case_id: i64,
    pub reason: String,
    pub valid_from: DateTime<Utc>,
    pub valid_to: Option<DateTime<Utc>>,
}

/// What is asked: whose is a case of this class at this place and time?
#[derive(Debug, Clone, Copy)]
pub struct RouteAsk<'a> {
    class: ClassCode,
    at: DateTime<Utc>,
    territory: &'a Territory,
    /// Cell and component; `None` outside the city.
    spot: Option<Spot<'a>>,
    /// What the cell's responsibilities answer, whatever stands there.
    ground: Option<Spot<'a>>,
}

/// Whose a case is; no unit: a gap, and the dispatcher has to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    pub unit_id: Option<i32>,
    pub because: RouteBecause,
}

/// Which rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum RouteBecause {
    /// A dispute of this kind was decided before.
    Precedent { precedent_id: i64, case_id: i64 },
    /// The component's own unit; `route_id` where a routing rule chose which of them.
    ComponentMaintenance {
        component_id: i64,
        route_id: Option<i64>,
    },
    ComponentOwner {
        component_id: i64,
        route_id: Option<i64>,
    },
    /// A routing rule of the rule set.
    Rule { route_id: i64 },
    /// The cell's responsibility for this class.
    CellClass { cell_id: i32 },
    /// The cell's responsibility for the group of this class.
    CellGroup { cell_id: i32 },
    /// The cell's responsibility for all other classes.
    CellDefault { cell_id: i32 },
    /// Nothing names anybody.
    Nobody { cell_id: Option<i32> },
}

impl<'a> RouteAsk<'a> {
    /// Asks for a place: a component of the class, or of the class that a matter is the fault of,
    /// is looked for around it.
    pub fn at(
        territory: &'a Territory,
        class: ClassCode,
        point: GroundPoint,
        at: DateTime<Utc>,
    ) -> Self {
        let own = if class.is_component() {
            Some(class)
        } else {
            component_twin(class)
        };
        let seen = Catalogue::shipped().sighting_rules().get(&class);
        let snap = match (own.as_slice(), seen) {
            ([], Some(rule)) => rule.snap_classes.as_slice(),
            (own, _) => own,
        };
        let spot = territory.ask(Some(class), snap, REACH_M).spot(point);
        let ground = match spot {
            Some(spot) if spot.component.is_some() => {
                territory.ask(Some(class), &[], 0.0).spot(point)
            }
            spot => spot,
        };
        Self {
            class,
            at,
            territory,
            spot,
            ground,
        }
    }

    /// The cell, and the component that was found near.
    pub fn spot(&self) -> Option<&Spot<'a>> {
        self.spot.as_ref()
    }

    /// A unit that has ended answers for nothing.
    fn standing(&self, unit_id: i32) -> bool {
        self.territory.is_standing(unit_id)
    }
}

/// The component class whose faults a matter class stands for: `M01001` of `C01001`. The groups
/// 01 to 05 of the 2026 edition's matters mirror its components.
pub(super) fn component_twin(matter: ClassCode) -> Option<ClassCode> {
    let number = matter.as_str().strip_prefix('M')?;
    matches!(&number[..2], "01" | "02" | "03" | "04" | "05")
        .then(|| ["C", number].concat().parse().ok())
        .flatten()
}

impl Precedent {
    fn fits(&self, ask: &RouteAsk<'_>, spot: &Spot<'_>) -> bool {
        let component = spot.component.map(|(component, _)| component.id);
        self.class == ask.class
            && self.place.holds(&spot.cell.code)
            && (self.component_id.is_none() || self.component_id == component)
            && self.valid_from <= ask.at
            && self.valid_to.is_none_or(|end| ask.at < end)
            && ask.standing(self.unit_id)
    }

    /// The precedent for a case: one for its component before one for its cell before one for
    /// its community; of two such, the younger.
    pub(super) fn find<'p>(precedents: &'p [Self], ask: &RouteAsk<'_>) -> Option<&'p Self> {
        let spot = ask.spot.as_ref()?;
        precedents
            .iter()
            .filter(|precedent| precedent.fits(ask, spot))
            .max_by_key(|precedent| {
                let of_component = precedent.component_id.is_some();
                (of_component, precedent.place.precision(), precedent.id)
            })
    }

    pub(super) fn route(&self) -> Route {
        Route {
            unit_id: Some(self.unit_id),
            because: RouteBecause::Precedent {
                precedent_id: self.id,
                case_id: self.case_id,
            },
        }
    }
}

/// The routing rules of a set, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Routes {
    rules: Vec<RouteRule>,
    /// Positions in `rules`, the most precise place first.
    by_classes: HashMap<ClassScope, Vec<usize>>,
}

impl Routes {
    pub(super) fn new(rules: Vec<RouteRule>) -> Self {
        let mut by_classes: HashMap<ClassScope, Vec<usize>> = HashMap::new();
        for (position, rule) in rules.iter().enumerate() {
            by_classes.entry(rule.classes).or_default().push(position);
        }
        for positions in by_classes.values_mut() {
            positions.sort_by_key(|position| {
                let rule = &rules[*position];
                (std::cmp::Reverse(rule.place.precision()), rule.id)
            });
        }
        Self { rules, by_classes }
    }

    pub(super) fn all(&self) -> &[RouteRule] {
        &self.rules
    }

    /// The rules that fit a case, the most specific first, each with how precise its classes are.
    fn fitting<'r>(
        &'r self,
        class: ClassCode,
        cell_code: &'r str,
        at: DateTime<Utc>,
    ) -> impl Iterator<Item = (ClassScope, &'r RouteRule)> {
        ClassScope::around(class)
            .into_iter()
            .filter_map(|scope| Some((scope, self.by_classes.get(&scope)?)))
            .flat_map(|(scope, positions)| positions.iter().map(move |place| (scope, *place)))
            .map(|(scope, position)| (scope, &self.rules[position]))
            .filter(move |(_, rule)| {
                rule.place.holds(cell_code)
                    && rule.valid_from.is_none_or(|from| from <= at)
                    && rule.valid_to.is_none_or(|end| at < end)
            })
    }

    /// Whether a rule names a unit of the territory for a class in a cell.
    pub(super) fn answer(
        &self,
        class: ClassCode,
        cell_code: &str,
        at: DateTime<Utc>,
        territory: &Territory,
    ) -> bool {
        self.fitting(class, cell_code, at)
            .any(|(_, rule)| match rule.to {
                RouteTo::Unit(unit_id) => territory.is_standing(unit_id),
                RouteTo::Maintenance | RouteTo::Owner => false,
            })
    }

    /// Whose a case is by these rules and the territory.
    pub(super) fn route(&self, ask: &RouteAsk<'_>) -> Route {
        let Some(spot) = &ask.spot else {
            return nobody(None);
        };
        self.by_component(ask, spot)
            .or_else(|| self.by_place(ask, spot))
            .unwrap_or_else(|| nobody(Some(spot.cell.id)))
    }

    /// The thing itself says whose it is: which of its units, a rule may say.
    fn by_component(&self, ask: &RouteAsk<'_>, spot: &Spot<'_>) -> Option<Route> {
        let (component, _) = spot.component?;
        let component_id = component.id;
        let maintenance = |route_id| {
            Some(Route {
                unit_id: Some(component.maintenance_unit_id?),
                because: RouteBecause::ComponentMaintenance {
                    component_id,
                    route_id,
                },
            })
        };
        let owner = |route_id| {
            Some(Route {
                unit_id: Some(component.owner_unit_id?),
                because: RouteBecause::ComponentOwner {
                    component_id,
                    route_id,
                },
            })
        };
        let standing = |route: &Route| route.unit_id.is_some_and(|unit| ask.standing(unit));
        let chosen = self
            .fitting(ask.class, &spot.cell.code, ask.at)
            .find_map(|(_, rule)| match rule.to {
                RouteTo::Unit(_) => None,
                RouteTo::Maintenance => maintenance(Some(rule.id)).filter(standing),
                RouteTo::Owner => owner(Some(rule.id)).filter(standing),
            });
        chosen
            .or_else(|| maintenance(None).filter(standing))
            .or_else(|| owner(None).filter(standing))
    }

    /// The set's rules and the cell's own responsibilities: the more specific decides, and of two
    /// equal ones the set's, because somebody approved it.
    fn by_place(&self, ask: &RouteAsk<'_>, spot: &Spot<'_>) -> Option<Route> {
        let by_rule = self
            .fitting(ask.class, &spot.cell.code, ask.at)
            .find_map(|(scope, rule)| match rule.to {
                RouteTo::Unit(unit_id) if ask.standing(unit_id) => Some((
                    Specificity(scope.precision(), rule.place.precision()),
                    Route {
                        unit_id: Some(unit_id),
                        because: RouteBecause::Rule { route_id: rule.id },
                    },
                )),
                RouteTo::Unit(_) | RouteTo::Maintenance | RouteTo::Owner => None,
            });
        let by_cell = ask.ground.as_ref().and_then(of_cell);
        match (by_rule, by_cell) {
            (Some((rule, route)), Some((cell, _))) if rule >= cell => Some(route),
            (Some((_, route)), None) => Some(route),
            (_, by_cell) => by_cell.map(|(_, route)| route),
        }
    }
}

/// How precise the classes of a rule are, then how precise its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Specificity(ClassPrecision, usize);

/// What the cell's responsibilities answer.
fn of_cell(ground: &Spot<'_>) -> Option<(Specificity, Route)> {
    let unit_id = Some(ground.unit_id?);
    let cell_id = ground.cell.id;
    let (classes, because) = match ground.rule {
        Rule::CellClass => (ClassPrecision::Class, RouteBecause::CellClass { cell_id }),
        Rule::CellGroup => (ClassPrecision::Group, RouteBecause::CellGroup { cell_id }),
        Rule::CellDefault => (ClassPrecision::All, RouteBecause::CellDefault { cell_id }),
        Rule::ComponentMaintenance | Rule::ComponentOwner | Rule::Nobody => return None,
    };
    let specificity = Specificity(classes, PlaceScope::CELL);
    Some((specificity, Route { unit_id, because }))
}

fn nobody(cell_id: Option<i32>) -> Route {
    Route {
        unit_id: None,
        because: RouteBecause::Nobody { cell_id },
    }
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
