//! Variables in small trees.

use super::*;
use crate::lab::read::read;

fn expand(text: &str, key: &str) -> Result<Content, Vec<LabError>> {
    let source = SourceText::new("t.yaml", text);
    let root = read(&source).unwrap();
    let check = root.get("check").cloned().unwrap_or_else(|| Node::new(Content::Map(vec![]), Region::default()));
    let scope = Scope::of_lab(&source, &root, "r1", 7).of_check(&check, "c[a b]", root.get("each"));
    let content = scope.expand(root.get(key).unwrap(), |path| path == ["env"]).content;
    let errors = scope.into_errors();
    if errors.is_empty() { Ok(content) } else { Err(errors) }
}

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

#[test]
fn a_whole_leaf_takes_the_type_and_a_part_is_formatted() {
    let lab = "vars: { n: 3, t: a-$(n)-$(run.id)-$(check.id), yes: true }\nx: $(n)\ny: n=$(n)\nz: $(t)\nb: $(yes)\ns: $(run.seed)\n";
    assert_eq!(expand(lab, "x"), Ok(Content::Int(3)));
    assert_eq!(expand(lab, "y"), Ok(text("n=3")));
    assert_eq!(expand(lab, "z"), Ok(text("a-3-r1-c-a-b")));
    assert_eq!(expand(lab, "b"), Ok(Content::Bool(true)));
    assert_eq!(expand(lab, "s"), Ok(Content::Int(7)));
}

#[test]
fn a_checks_variables_shadow_the_labs_also_inside_them() {
    let lab = "vars: { n: 3, t: a-$(n) }\ncheck: { vars: { n: 4 } }\nx: $(t)\n";
    assert_eq!(expand(lab, "x"), Ok(text("a-4")));
}

#[test]
fn each_gives_a_value_or_fields() {
    assert_eq!(expand("each: leader\nx: $(each)!\n", "x"), Ok(text("leader!")));
    assert_eq!(expand("each: { level: leader, acks: 1 }\nx: $(each.acks)\n", "x"), Ok(Content::Int(1)));
    let errors = expand("each: { level: leader }\nx: $(each)\n", "x").unwrap_err();
    assert_eq!(errors[0].help.as_deref(), Some("use one of its fields: `$(each.level)`"));
}

#[test]
fn draws_depend_on_seed_check_and_name() {
    let lab = "draws: { n: { from: 1, to: 1000000 }, gap: { from: 2300ms, to: 2800ms }, one: { of: [a, b] } }\nx: $(draw.n)\ny: $(draw.gap)\nz: $(draw.one)\n";
    let Ok(Content::Int(n)) = expand(lab, "x") else { panic!() };
    assert!((1..=1_000_000).contains(&n));
    assert_eq!(expand(lab, "x"), Ok(Content::Int(n)));
    let Ok(Content::Text(gap)) = expand(lab, "y") else { panic!() };
    let millis: u64 = gap.trim_end_matches("ms").parse().unwrap();
    assert!((2300..=2800).contains(&millis));
    assert!(matches!(expand(lab, "z"), Ok(Content::Text(one)) if one == "a" || one == "b"));
}

#[test]
fn cycles_and_unknown_names_are_errors_with_a_place() {
    let errors = expand("vars: { a: $(b), b: x$(a) }\nx: $(a)\n", "x").unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].message, "these variables need each other: a → b → a");
    let errors = expand("vars: { topic: t }\nx: \"a $(topic) $(topci)\"\n", "x").unwrap_err();
    assert_eq!(errors[0].help.as_deref(), Some("did you mean `topic`?"));
    assert_eq!((errors[0].span.unwrap().line, errors[0].span.unwrap().col), (2, 16));
}

#[test]
fn variables_that_double_each_other_are_cut() {
    let mut lab = String::from("vars:\n  v0: 0123456789\n");
    for n in 1..40 {
        lab.push_str(&format!("  v{n}: $(v{})$(v{})\n", n - 1, n - 1));
    }
    let errors = expand(&format!("{lab}x: $(v39)\n"), "x").unwrap_err();
    assert_eq!(errors[0].code, Code::TOO_LARGE);
}

#[test]
fn late_names_stay_where_they_may_stand() {
    let lab = "vars: { a: $$(instance) }\nenv: { URL: $(sink.url)/$(instance) }\nx: $(sink.url)\n";
    let source = SourceText::new("t.yaml", lab);
    let root = read(&source).unwrap();
    let scope = Scope::of_lab(&source, &root, "r1", 7);
    let env = scope.expand(root.get("env").unwrap(), |_| true);
    assert_eq!(env.get("URL").unwrap().text(), Some("$(sink.url)/$(instance)"));
    assert_eq!(scope.expand(&Node::new(text("$(a) b"), Region::default()), |_| true).content, text("$$(instance) b"));
    assert_eq!(expand(lab, "x").unwrap_err()[0].code, Code::LATE_VARIABLE);
}
