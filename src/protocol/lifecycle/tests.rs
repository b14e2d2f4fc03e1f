use super::*;
use crate::tf::{Diagnostics, Number};

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn set(elements: &[Value]) -> Value {
    Value::List(elements.to_vec())
}

fn image(tag: Value, digest: Value) -> Value {
    object([("digest", digest), ("tags", set(&[tag]))])
}

fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    Value::Map(
        attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
    )
}

fn kind() -> Type {
    let attributes = [("digest", Type::String), ("tags", Type::set(Type::String))];
    Type::Object(
        attributes
            .map(|(name, kind)| (name.to_owned(), kind))
            .into(),
    )
}

fn checked(
    change: Change,
    planned: Option<&Value>,
    state: Option<Value>,
    error: Option<Diagnostic>,
) -> (Option<Value>, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    diagnostics.extend(error);
    let private = Vec::new();
    let applied = Applied {
        state,
        private,
        diagnostics,
    };
    let applied = check(change, planned, &kind(), applied);
    let mut facts = Vec::new();
    for diagnostic in &applied.diagnostics {
        let text = diagnostic.text();
        facts.push(text.lines().next().unwrap_or_default().to_owned());
    }
    (applied.state, facts)
}

#[test]
fn a_change_is_told_from_what_was_and_what_is_planned() {
    let some = text("x");
    assert_eq!(Change::of(None, Some(&some)), Some(Change::Create));
    assert_eq!(Change::of(Some(&some), Some(&some)), Some(Change::Update));
    assert_eq!(Change::of(Some(&some), None), Some(Change::Delete));
    assert_eq!(Change::of(None, None), None);
}

#[test]
fn a_result_that_keeps_the_plan_passes() {
    let planned = image(text("1"), Value::Unknown);
    let state = image(text("1"), text("sha256:a"));
    let (kept, facts) = checked(Change::Create, Some(&planned), Some(state.clone()), None);
    assert_eq!(kept, Some(state));
    assert!(facts.is_empty(), "{facts:?}");
    assert_eq!(
        checked(Change::Delete, None, None, None),
        (None, Vec::new())
    );
}

#[test]
fn what_was_planned_must_come_out() {
    let planned = image(text("1"), text("sha256:a"));
    let state = image(text("1"), text("sha256:b"));
    let (kept, facts) = checked(Change::Update, Some(&planned), Some(state.clone()), None);
    assert_eq!(kept, Some(state), "what exists stays in state");
    assert_eq!(
        facts,
        ["After the change, `digest` differs from what was planned."]
    );
}

#[test]
fn nothing_may_stay_unknown() {
    let planned = image(text("1"), Value::Unknown);
    let (kept, facts) = checked(Change::Create, Some(&planned), Some(planned.clone()), None);
    assert_eq!(kept, Some(image(text("1"), Value::Null)));
    assert_eq!(facts, ["After the change, `digest` is still unknown."]);
}

#[test]
fn a_success_has_a_state_and_a_deletion_has_none() {
    let planned = image(text("1"), Value::Unknown);
    let (kept, facts) = checked(Change::Create, Some(&planned), None, None);
    assert_eq!(kept, None);
    assert_eq!(
        facts,
        ["The change succeeded, but the provider returned no state."]
    );

    let state = image(text("1"), text("sha256:a"));
    let (kept, facts) = checked(Change::Delete, None, Some(state.clone()), None);
    assert_eq!(kept, Some(state));
    assert_eq!(
        facts,
        ["The object was deleted, but the provider returned a state."]
    );
}

#[test]
fn a_partial_state_next_to_an_error_is_only_made_fit() {
    let planned = image(text("1"), text("sha256:a"));
    let state = object([("digest", Value::Unknown)]);
    let error = Diagnostic::error("Copy failed").detail("cut off");
    let (kept, facts) = checked(Change::Create, Some(&planned), Some(state), Some(error));
    let expected = object([("digest", Value::Null), ("tags", Value::Null)]);
    assert_eq!(kept, Some(expected));
    assert_eq!(facts, ["cut off"]);
}

#[test]
fn a_state_that_the_schema_does_not_allow_is_named_and_not_returned() {
    let planned = image(text("1"), Value::Unknown);
    let state = object([("digest", Value::Bool(true)), ("tags", set(&[text("1")]))]);
    let (kept, facts) = checked(Change::Create, Some(&planned), Some(state), None);
    assert_eq!(kept, None);
    assert_eq!(
        facts,
        [
            "The provider returned a state that its schema does not allow: expected a string, \
             found a bool at `digest`."
        ]
    );
}

#[test]
fn a_set_may_shrink_but_not_grow_and_has_no_order() {
    let same = |planned: &[Value], actual: &[Value]| same_set(planned, actual, &Type::String);
    let (a, b, c) = (text("a"), text("b"), text("c"));
    assert!(same(&[a.clone(), b.clone()], &[b.clone(), a.clone()]));
    assert!(same(&[a.clone(), Value::Unknown], std::slice::from_ref(&a)));
    assert!(same(&[a.clone(), Value::Unknown], &[a.clone(), c.clone()]));
    assert!(!same(std::slice::from_ref(&a), &[a.clone(), b.clone()]));
    assert!(!same(&[a.clone(), b], &[a, c]));
}

#[test]
fn numbers_are_the_same_in_whatever_form_they_come_back() {
    let number = |number| Value::Number(number);
    let planned = number(Number::Decimal("1.50".to_owned()));
    let actual = number(Number::Float(1.5));
    assert_eq!(
        contradiction(&planned, &actual, &Type::Number, Path::default()),
        None
    );
}

#[test]
fn a_difference_is_named_by_its_place() {
    let kind = Type::Object(
        [
            ("images".to_owned(), Type::map(Type::String)),
            ("hops".to_owned(), Type::list(kind())),
        ]
        .into(),
    );
    let hop = |digest: &str| image(text("1"), text(digest));
    let planned = object([
        ("images", object([("linux/amd64", text("a"))])),
        ("hops", set(&[hop("a"), hop("b")])),
    ]);
    let check = |actual: Value, expected: &str| {
        let place = contradiction(&planned, &actual, &kind, Path::default()).unwrap();
        assert_eq!(place.to_string(), expected);
    };
    let images = object([("linux/amd64", text("b"))]);
    check(
        object([("images", images), ("hops", set(&[hop("a"), hop("b")]))]),
        "images[\"linux/amd64\"]",
    );
    let images = object([("linux/amd64", text("a"))]);
    check(
        object([
            ("images", images.clone()),
            ("hops", set(&[hop("a"), hop("c")])),
        ]),
        "hops[1].digest",
    );
    check(
        object([("images", images), ("hops", set(&[hop("a")]))]),
        "hops",
    );
}
