//! The components of the demo city: what stands and lies along its streets.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::plan::{Plan, Rank, Street};
use super::plane::{along, distance_m, length_m, moved};
use super::units::role;
use crate::space::LocalPoint;

pub(super) const BIN: &str = "C03005";
pub(super) const SEWAGE_COVER: &str = "C01002";

/// A component before it is stored.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Component {
    pub(super) class: &'static str,
    pub(super) place: LocalPoint,
    /// Indices into the units.
    pub(super) maintenance: Option<usize>,
    pub(super) owner: Option<usize>,
}

/// Where in the cross-section something stands.
#[derive(Clone, Copy)]
enum Place {
    /// This far behind the kerb, metres.
    Kerb(f64),
    /// This share of the way from the middle of the road to the kerb.
    Road(f64),
    /// In front of the houses.
    Wall,
}

/// How one class is spread along the streets.
struct Spread {
    class: &'static str,
    every_m: f64,
    place: Place,
    ranks: &'static [Rank],
    maintenance: Option<usize>,
    owner: Option<usize>,
}

const ALL: &[Rank] = &[Rank::Major, Rank::Minor, Rank::Lane];
const BIG: &[Rank] = &[Rank::Major, Rank::Minor];
const TOP: &[Rank] = &[Rank::Major];
const M: Option<usize> = Some(role::MUNICIPAL);
const W: Option<usize> = Some(role::WATER);
const E: Option<usize> = Some(role::POWER);
const T: Option<usize> = Some(role::TELECOM);
const P: Option<usize> = Some(role::PARKS);
const S: Option<usize> = Some(role::SANITATION);
const C: Option<usize> = Some(role::TRAFFIC);

const fn spread(
    class: &'static str,
    every_m: f64,
    place: Place,
    ranks: &'static [Rank],
    maintenance: Option<usize>,
    owner: Option<usize>,
) -> Spread {
    Spread {
        class,
        every_m,
        place,
        ranks,
        maintenance,
        owner,
    }
}

/// Class, metres between two on one side, place, streets, maintenance unit, owner.
const SPREADS: [Spread; 34] = [
    spread("C04002", 21.0, Place::Kerb(1.0), BIG, P, None),
    spread("C01037", 45.0, Place::Kerb(0.6), ALL, M, None),
    spread(BIN, 90.0, Place::Kerb(0.8), ALL, S, None),
    spread(SEWAGE_COVER, 62.0, Place::Road(0.45), ALL, W, W),
    spread("C01003", 78.0, Place::Road(0.75), ALL, M, None),
    spread("C01004", 48.0, Place::Road(0.96), ALL, M, None),
    spread("C01001", 133.0, Place::Kerb(1.6), ALL, W, W),
    spread("C01005", 182.0, Place::Kerb(1.9), ALL, None, E),
    spread("C01006", 168.0, Place::Kerb(1.3), BIG, M, None),
    spread("C01007", 147.0, Place::Kerb(2.1), ALL, None, T),
    spread("C01011", 266.0, Place::Road(0.6), BIG, None, None),
    spread("C01013", 168.0, Place::Kerb(0.7), ALL, W, None),
    spread("C01027", 364.0, Place::Wall, ALL, None, T),
    spread("C01028", 420.0, Place::Wall, ALL, None, E),
    spread("C01042", 1260.0, Place::Kerb(1.2), BIG, None, None),
    spread("C01045", 728.0, Place::Wall, BIG, None, None),
    spread("C01050", 252.0, Place::Kerb(0.6), BIG, None, C),
    spread("C01054", 840.0, Place::Kerb(0.9), BIG, None, E),
    spread("C01059", 980.0, Place::Wall, ALL, S, None),
    spread("C01075", 672.0, Place::Wall, ALL, None, None),
    spread("C02003", 588.0, Place::Kerb(0.5), BIG, C, None),
    spread("C02004", 532.0, Place::Kerb(1.2), BIG, None, None),
    spread("C02010", 105.0, Place::Kerb(0.5), BIG, C, C),
    spread("C02012", 182.0, Place::Kerb(0.6), ALL, M, None),
    spread("C02017", 224.0, Place::Road(0.02), TOP, C, None),
    spread("C02021", 64.0, Place::Kerb(0.4), BIG, M, None),
    spread("C02025", 294.0, Place::Kerb(1.8), BIG, None, None),
    spread("C02027", 364.0, Place::Kerb(1.5), BIG, M, None),
    spread("C03001", 1540.0, Place::Wall, BIG, S, S),
    spread("C03008", 462.0, Place::Wall, ALL, None, None),
    spread("C03016", 364.0, Place::Kerb(0.9), BIG, S, None),
    spread("C04005", 210.0, Place::Kerb(1.4), BIG, P, None),
    spread("C04007", 154.0, Place::Kerb(1.7), BIG, P, None),
    spread("C04011", 420.0, Place::Kerb(1.0), BIG, P, None),
];

/// What must stay free for a camera to see: around `place`, metres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clearing {
    pub(super) place: LocalPoint,
    pub(super) radius_m: f64,
}

/// Components along all streets, except trees, lamps and bins in a clearing.
pub(super) fn along_streets(
    rng: &mut ChaCha8Rng,
    plan: &Plan,
    clearings: &[Clearing],
) -> Vec<Component> {
    let mut found = Vec::new();
    for street in &plan.streets {
        for spread in SPREADS.iter().filter(|s| s.ranks.contains(&street.rank)) {
            for side in [-1.0, 1.0] {
                let total_m = length_m(&street.line) - 20.0;
                // so that short streets get their share of what is rare
                let mut from_m = 10.0 + spread.every_m * rng.random_range(0.0..1.0);
                while from_m < total_m {
                    let place = put(street, from_m, side, spread.place);
                    if !is_barred(spread.class, place, clearings) {
                        found.push(Component {
                            class: spread.class,
                            place,
                            maintenance: spread.maintenance,
                            owner: spread.owner,
                        });
                    }
                    from_m += spread.every_m * rng.random_range(0.8..1.2);
                }
            }
        }
    }
    found
}

fn is_barred(class: &str, place: LocalPoint, clearings: &[Clearing]) -> bool {
    let tall_or_watched = matches!(
        class,
        "C04002" | "C01037" | "C02010" | "C02004" | "C01050" | BIN | SEWAGE_COVER
    );
    tall_or_watched
        && clearings
            .iter()
            .any(|clear| distance_m(clear.place, place) < clear.radius_m)
}

fn put(street: &Street, from_m: f64, side: f64, place: Place) -> LocalPoint {
    let (middle, course) = along(&street.line, from_m);
    let (road_half, pavement, _) = street.rank.profile();
    let (road_half, pavement) = (f64::from(road_half), f64::from(pavement));
    let aside = match place {
        Place::Kerb(behind) => road_half + behind.min(pavement - 0.4),
        Place::Road(share) => road_half * share,
        Place::Wall => road_half + pavement - 0.5,
    };
    moved(middle, course, 0.0, side * aside)
}
