//! Two observations of one row.

use std::collections::BTreeSet;

use super::difference::Habit;
use super::observed::{Call, End, Observed};
use super::row::Row;

/// What comparing has found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is not as the row says.
    pub(super) wrong: Vec<String>,
    /// The habits that showed.
    pub(super) habits: BTreeSet<Habit>,
}

/// Compares what the two did with each other and with the row.
pub(super) fn compare(row: &Row, theirs: &Observed, ours: &Observed) -> Findings {
    let mut findings = Findings::default();
    for (whose, seen, expected) in [("theirs", theirs, &row.theirs), ("ours", ours, &row.ours)] {
        if !seen.end.is(expected) {
            let wrong = format!("{whose}: expected {expected:?}, but {:?}", seen.end);
            findings.wrong.push(wrong);
        }
    }
    let mut unequal = calls(theirs, ours, &mut findings.habits);
    if theirs.hosts != ours.hosts {
        unequal.push(format!("hosts: {:?}, {:?}", theirs.hosts, ours.hosts));
    }
    match row.difference {
        None => findings.wrong.extend(unequal),
        Some(difference) if unequal.is_empty() && row.theirs == row.ours => {
            let wrong = format!("there is no difference any more: {difference:?}");
            findings.wrong.push(wrong);
        }
        Some(_) => {}
    }
    findings
}

/// What is not the same in the calls, and not a habit.
fn calls(theirs: &Observed, ours: &Observed, habits: &mut BTreeSet<Habit>) -> Vec<String> {
    let mut unequal = Vec::new();
    let mut left: Vec<&Call> = ours.calls.iter().collect();
    for call in &theirs.calls {
        let position = left.iter().position(|other| same(call, other));
        match position.map(|position| left.remove(position)) {
            Some(other) => unequal.extend(paired(call, other, habits)),
            None if is_known_otherwise(call, &ours.end) => {
                habits.insert(Habit::CallerIdentity);
            }
            None => unequal.push(format!("only theirs: {call:?}")),
        }
    }
    unequal.extend(left.iter().map(|call| format!("only ours: {call:?}")));
    unequal
}

/// Whether two calls are the same, except for what each provider does in its own way.
fn same(theirs: &Call, ours: &Call) -> bool {
    let without_duration = |call: &Call| {
        let mut parameters = call.parameters.clone();
        let duration = parameters.remove("DurationSeconds");
        (parameters, duration)
    };
    let (of_theirs, their_duration) = without_duration(theirs);
    let (of_ours, our_duration) = without_duration(ours);
    theirs.head == ours.head
        && of_theirs == of_ours
        && (their_duration == our_duration
            || (their_duration.as_deref(), our_duration.as_deref()) == (Some("900"), Some("3600")))
}

/// Notes the habits in a pair of calls. What is wrong with how often they were made.
fn paired(theirs: &Call, ours: &Call, habits: &mut BTreeSet<Habit>) -> Option<String> {
    if theirs.is_named_by_provider {
        habits.insert(Habit::SessionName);
    }
    if theirs.parameters != ours.parameters {
        habits.insert(Habit::Duration);
    }
    if theirs.times == 2 * ours.times && theirs.head.contains(" AssumeRole") {
        habits.insert(Habit::Repeats);
    } else if theirs.times != ours.times {
        return Some(format!(
            "{} and {} times: {ours:?}",
            theirs.times, ours.times
        ));
    }
    None
}

/// Who a role is comes with its credentials.
fn is_known_otherwise(call: &Call, end: &End) -> bool {
    let End::Reached(identity) = end else {
        return false;
    };
    call.head.contains(" GetCallerIdentity ")
        && call.head.contains(&format!(" by {identity} "))
        && identity.contains(":assumed-role/")
}
