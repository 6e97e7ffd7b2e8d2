//! Who answers for what on a face, said as the city says it.
//!
//! The partition knows units and subjects as bare names: here they are units of the city's tables and
//! classes or groups of the catalogue.

use std::collections::BTreeSet;

use cityward_partition::{Face, FaceId, Partition, Subject, UnitId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::{ClassCode, ClassScope};

/// A unit as the city's tables number it.
pub(super) fn unit_of(owner: Option<UnitId>) -> Option<i32> {
    owner.and_then(|UnitId(unit)| i32::try_from(unit).ok())
}

/// A unit as the partition names it.
pub(super) fn owner_of(unit: i32) -> Option<UnitId> {
    u32::try_from(unit).ok().map(UnitId)
}

/// Some classes as the partition names them; `None`: all of them, which are the owner's.
pub(super) fn subject(classes: ClassScope) -> Option<Subject> {
    match classes {
        ClassScope::All => None,
        ClassScope::Group(_) | ClassScope::Class(_) => classes.to_string().parse().ok(),
    }
}

/// What a subject is about; `None`: nothing that could be a class.
pub(super) fn classes(subject: Subject) -> Option<ClassScope> {
    subject.as_str().parse().ok()
}

/// Who answers for some classes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(super) struct Duty {
    /// A group such as `M06` or a class such as `M06042`; empty: whatever has no rule of its own.
    #[schema(value_type = String, example = "M06")]
    pub(super) classes: ClassScope,
    pub(super) unit_id: i32,
}

/// Of a face, by classes; for all of them first.
pub(super) fn duties(face: &Face) -> Vec<Duty> {
    let of_all = unit_of(face.owner).map(|unit_id| Duty {
        classes: ClassScope::All,
        unit_id,
    });
    of_all.into_iter().chain(special_duties(face)).collect()
}

/// Those for single classes and groups.
pub(super) fn special_duties(face: &Face) -> impl Iterator<Item = Duty> + '_ {
    face.duties.iter().filter_map(|(subject, owner)| {
        Some(Duty {
            classes: classes(*subject)?,
            unit_id: unit_of(Some(*owner))?,
        })
    })
}

/// Who answers for a class on a face: by the rule for it, for its group, or for all others.
pub(super) fn answers(partition: &Partition, face: FaceId, class: ClassCode) -> Option<i32> {
    let face = partition.faces().get(&face)?;
    if face.duties.is_empty() {
        return unit_of(face.owner);
    }
    answering(&duties(face), ClassScope::Class(class))
}

/// Some classes of a cell for which another rule is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) classes: ClassScope,
    /// Who has them by the rule for just these; `None`: nobody.
    pub(super) unit_id: Option<i32>,
    /// Who answered for them, by this rule or one for more classes.
    pub(super) from_unit: Option<i32>,
    /// Who does afterwards.
    pub(super) to_unit: Option<i32>,
}

/// The rules that differ between the duties of a cell and what becomes of them, for all classes first.
pub(super) fn handed(before: &[Duty], after: &[Duty]) -> Vec<Handed> {
    let rule = |duties: &[Duty], classes: ClassScope| {
        let found = duties.iter().find(|duty| duty.classes == classes);
        found.map(|duty| duty.unit_id)
    };
    let classes: BTreeSet<ClassScope> = { before.iter().chain(after) }
        .map(|duty| duty.classes)
        .collect();
    let differing = classes
        .into_iter()
        .filter(|classes| rule(before, *classes) != rule(after, *classes));
    differing
        .map(|classes| Handed {
            classes,
            unit_id: rule(after, classes),
            from_unit: answering(before, classes),
            to_unit: answering(after, classes),
        })
        .collect()
}

/// Who answers for some classes: by the most precise rule that holds them.
fn answering(duties: &[Duty], classes: ClassScope) -> Option<i32> {
    let holding = duties.iter().filter(|duty| duty.classes.holds(classes));
    { holding }
        .max_by_key(|duty| duty.classes.precision())
        .map(|duty| duty.unit_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(owner: Option<u32>, duties: &[(&str, u32)]) -> Face {
        let duties = duties.iter();
        Face {
            owner: owner.map(UnitId),
            duties: duties
                .map(|(subject, unit)| (subject.parse().unwrap(), UnitId(*unit)))
                .collect(),
            ..Face::default()
        }
    }

    #[test]
    fn the_class_goes_before_its_group_and_the_group_before_the_rest() {
        let whose = |face: &Face, class: &str| answering(&duties(face), class.parse().unwrap());
        let face = face(Some(1), &[("M06", 2), ("M06042", 3)]);
        assert_eq!(whose(&face, "M06042"), Some(3));
        assert_eq!(whose(&face, "M06010"), Some(2));
        assert_eq!(whose(&face, "C03005"), Some(1));
    }

    #[test]
    fn what_was_handed_over_is_told_by_classes() {
        let before = duties(&face(Some(1), &[("M06", 2), ("M06042", 3)]));
        let after = duties(&face(None, &[("C03", 4), ("M06", 2)]));
        let handed_over = handed(&before, &after);
        let told: Vec<_> = { handed_over.iter() }
            .map(|one| {
                (
                    one.classes.to_string(),
                    one.unit_id,
                    one.from_unit,
                    one.to_unit,
                )
            })
            .collect();
        let expected = [
            ("", None, Some(1), None),
            ("C03", Some(4), Some(1), Some(4)),
            ("M06042", None, Some(3), Some(2)),
        ];
        assert_eq!(
            told,
            expected.map(|(classes, unit, a, b)| (classes.to_owned(), unit, a, b))
        );
        assert_eq!(handed(&before, &before), []);
    }
}
