use std::path::PathBuf;

use super::*;
use crate::outcome::sample;

const STYLE: Style = Style { width: 100, color: false, unicode: true, github: false, timings: false };

fn shown(id: &str, verdict: Option<Verdict>, state: State) -> Shown {
    let outcome = verdict.map(|verdict| {
        let mut outcome = sample(id);
        (outcome.verdict, outcome.max_points) = (verdict, 50);
        outcome.points = if verdict == Verdict::Passed { 50 } else { 0 };
        if verdict != Verdict::Passed {
            outcome.message = format!("{id} is wrong");
            outcome.hint = Some("think".to_owned());
            outcome.next = Some("kgrade lab-90".to_owned());
        }
        outcome
    });
    Shown { id: id.to_owned(), title: format!("The title of {id}"), max_points: 50, outcome, state }
}

fn view<'a>(checks: &'a [Shown], said: &'a [String]) -> View<'a> {
    View {
        lab: ("lab-90", "A lab"),
        checks,
        program: None,
        next: Some("lab-91"),
        said,
        doing: None,
        outside: false,
        keys: true,
        links: false,
        rows: None,
    }
}

#[test]
fn a_failure_is_explained_and_the_rest_is_a_list() {
    let checks =
        [shown("a", Some(Verdict::Passed), State::Earlier), shown("b", Some(Verdict::Failed), State::Judged), shown("c", None, State::Due)];
    let place = Place { shown: PathBuf::from("lab-90/b.py"), absolute: PathBuf::from("/w/lab-90/b.py"), line: Some(3) };
    let text = render(&View { program: Some(&place), doing: Some("grading"), ..view(&checks, &[]) }, &STYLE);
    let expected = "\
lab-90  A lab
━━━━━━━━━━━━━───────────────────────────  1 of 3 checks passed, 50 of 150 points

✓ a   50/50  The title of a (as before)
✗ b    0/50  The title of b
· c    -/50  The title of c

b  ";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("  b is wrong\n") && text.contains("  program   lab-90/b.py:3\n"), "{text}");
    assert!(!text.contains("think") && !text.contains("kgrade lab-90"), "the key says the hint: {text}");
    assert!(text.ends_with("\ngrading\nr run all · h hint · l list · t timeline · n next lab · ? help · q quit\n"), "{text}");
    let own = |doing| render(&View { outside: true, doing, ..view(&checks, &[]) }, &STYLE).contains("press r after what you do in Docker");
    assert!(own(None) && !own(Some("grading")) && !text.contains("press r after"));
    let plain = render(&View { keys: false, ..view(&checks, &[]) }, &STYLE);
    assert!(
        plain.contains("think") && plain.contains("kgrade lab-90") && plain.ends_with("saving a file grades again; Ctrl-C ends\n"),
        "{plain}"
    );
}

#[test]
fn what_was_judged_since_the_change_is_told_first() {
    let checks = [
        shown("a", Some(Verdict::Failed), State::Earlier),
        shown("b", Some(Verdict::Failed), State::Due),
        shown("c", Some(Verdict::Failed), State::Judged),
        shown("d", Some(Verdict::Error), State::Judged),
    ];
    let first = |checks: &[Shown]| view(checks, &[]).first_open().map(|open| open.id.clone());
    assert_eq!(
        [first(&checks), first(&checks[..2]), first(&checks[..1]), first(&checks[3..]), first(&[])].map(Option::unwrap_or_default),
        ["c", "b", "a", "d", ""]
    );
    let text = render(&view(&checks[..2], &[]), &STYLE);
    assert!(text.contains("(before the last change; being graded)"), "{text}");
}

#[test]
fn all_passed_is_said_only_when_all_was_looked_at() {
    let passed = |state| [shown("a", Some(Verdict::Passed), State::Judged), shown("b", Some(Verdict::Passed), state)];
    for (state, said) in [(State::Judged, true), (State::Earlier, false), (State::Due, false)] {
        let checks = passed(state);
        assert_eq!(render(&view(&checks, &[]), &STYLE).contains("all checks passed: press n for lab-91"), said, "{state:?}");
    }
    let checks = passed(State::Judged);
    assert!(render(&View { next: None, ..view(&checks, &[]) }, &STYLE).contains("all checks passed: that was the last lab"));
    assert!(render(&View { keys: false, ..view(&checks, &[]) }, &STYLE).contains("all checks passed: next is lab-91"));
}

#[test]
fn it_fits_into_narrow_and_low_windows_and_into_ascii() {
    let checks: Vec<Shown> = (0..12)
        .map(|nth| shown(&format!("check-{nth}"), Some(if nth == 7 { Verdict::Failed } else { Verdict::Passed }), State::Judged))
        .collect();
    let said = ["a text that is longer than any of the narrow windows that somebody may have open\x1b[2J".to_owned()];
    for width in [20, 44, 80, 140] {
        for unicode in [true, false] {
            let style = Style { width, unicode, ..STYLE };
            let text = render(&view(&checks, &said), &style);
            assert!(text.lines().all(|line| measure_text_width(line) <= width), "{width}\n{text}");
            assert!(unicode || text.is_ascii(), "{text}");
            assert!(!text.contains('\x1b'), "{text}");
        }
    }
    let low = render(&View { rows: Some(20), ..view(&checks, &[]) }, &STYLE);
    assert!(low.contains("✓ check-0, check-1, check-2") && low.contains("✗ check-7"), "{low}");
    assert!(low.lines().count() < render(&view(&checks, &[]), &STYLE).lines().count());
}

#[test]
fn the_head_stays_in_a_low_window_however_much_failed() {
    let verdict = |nth| Some(if nth % 3 == 0 { Verdict::Passed } else { Verdict::Failed });
    let checks: Vec<Shown> = (0..12).map(|nth| shown(&format!("check-{nth}"), verdict(nth), State::Judged)).collect();
    let said: Vec<String> = (0..30).map(|nth| format!("said {nth}")).collect();
    for (rows, said) in [(20, &said[..0]), (24, &said[..1]), (24, &said[..7]), (12, &said[..1]), (30, &said[..8])] {
        for width in [44, 80] {
            for unicode in [true, false] {
                let style = Style { width, unicode, ..STYLE };
                let text = render(&View { rows: Some(rows), doing: Some("grading"), ..view(&checks, said) }, &style);
                assert!(text.lines().count() < rows, "{rows}\n{text}");
                assert!(text.starts_with("lab-90") && text.contains("4 of 12 checks passed"), "{text}");
                assert!(text.contains("grading") && text.trim_end().ends_with("q quit"), "{text}");
                assert!(said.iter().all(|line| text.contains(line)), "what was asked for is shown\n{text}");
                assert!(unicode || text.is_ascii(), "{text}");
            }
        }
    }
    let text = render(&View { rows: Some(15), ..view(&checks, &[]) }, &STYLE);
    let lines =
        ["✓ check-0, check-3, check-6, check-9\n", "✗ check-2, check-4, check-5, check-7, check-8, check-10, check-11\n", "✗ check-1 "];
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    let text = render(&View { rows: Some(16), ..view(&checks, &said[..4]) }, &STYLE);
    assert!(text.contains("more lines; a taller window shows them"), "{text}");
}

#[test]
fn how_far_a_grading_is() {
    let checks = [shown("a", Some(Verdict::Passed), State::Judged), shown("b", None, State::Due), shown("c", None, State::Earlier)];
    assert_eq!(grading(&checks, 2), "grading: 1 of 2 checks done");
    assert_eq!(grading(&checks, 1), "grading: 0 of 1 check done");
}
