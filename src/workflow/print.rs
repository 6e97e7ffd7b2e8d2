//! The workflow's table as a document; `cityward workflow` prints it.

use std::fmt::Write as _;

use super::{STEPS, Step, Who};
use crate::access::Role;
use crate::cases::CaseState;

const HEAD: &str = "# Workflow

Printed by `cityward workflow` from `src/workflow/table.rs`; a test keeps this file equal to it.

An action that leads to `·` leaves the case where it is; one that leads to several states: its
fields decide. *role* means whoever has the role where the case is, *unit:role* the unit that has
the case, *assignee:role* whoever was sent there, *system* the service itself. Articles are those
of the regulation; *practice* where it is silent. *undo*: whoever took the step may take it back
for a while, as long as nobody acted since.

| from | action | to | who | while this waits | articles | undo |
|---|---|---|---|---|---|---|
";

const MATRIX_HEAD: &str = "
## By state

What can be done in each state, and by whom.
";

/// The table as Markdown: row by row as it stands in the code, then by state.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    for step in STEPS {
        // writing to a string cannot fail
        writeln!(text, "{}", row(step)).unwrap_or_default();
    }
    text.push_str(MATRIX_HEAD);
    for state in CaseState::ALL {
        writeln!(text, "\n**{}**\n", name(&state)).unwrap_or_default();
        let steps = STEPS.iter().filter(|step| step.from.contains(&state));
        for step in steps {
            let (action, who) = (name(&step.action), whos(step));
            writeln!(text, "- {action} → {}: {who}", states(step.to)).unwrap_or_default();
        }
    }
    text
}

fn row(step: &Step) -> String {
    let pending = step.pending.map(|pending| name(&pending));
    let cells = [
        if step.from.is_empty() {
            "–".to_owned()
        } else {
            states(step.from)
        },
        name(&step.action),
        states(step.to),
        whos(step),
        pending.unwrap_or_default(),
        step.articles.to_owned(),
        if step.undo { "undo" } else { "" }.to_owned(),
    ];
    format!("| {} |", cells.join(" | "))
}

/// Several states by their names; all open or all ended ones as such.
fn states(states: &[CaseState]) -> String {
    let all = |open: bool| -> Vec<CaseState> {
        CaseState::ALL
            .into_iter()
            .filter(|state| state.is_open() == open)
            .collect()
    };
    let same = |wanted: Vec<CaseState>| {
        wanted.len() == states.len() && wanted.iter().all(|state| states.contains(state))
    };
    if states.is_empty() {
        return "·".to_owned();
    }
    if same(all(true)) {
        return "any open".to_owned();
    }
    states.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn whos(step: &Step) -> String {
    let role = |role: &Role| name(role);
    let who = |who: &Who| match who {
        Who::Role(of) => role(of),
        Who::Unit(of) => ["unit:", &role(of)].concat(),
        Who::Assignee(of) => ["assignee:", &role(of)].concat(),
        Who::System => "system".to_owned(),
    };
    step.who.iter().map(who).collect::<Vec<_>>().join(", ")
}

/// The name something has in the interface.
fn name(thing: &impl serde::Serialize) -> String {
    let name = serde_json::to_value(thing).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}
