//! Outcomes made up, with hostile text wherever a learner may have a word.

use kgrade::outcome::{
    CheckOutcome, Disclosure, Late, Moment, Outcome, OutputLine, Place, Reading, RunFacts, Score, Tier, Verdict, Workflow,
};
use proptest::prelude::*;

/// Text that tries to be something else.
pub fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            "]]>",
            "]]",
            ">",
            "</testcase>",
            "<testcase name=\"x\"/>",
            "<![CDATA[",
            "&amp;",
            "\"",
            "\0",
            "\x07",
            "\x1b[31m",
            "\x1b]0;t\x07",
            "\x1b",
            "\u{9b}",
            "\u{202e}",
            "\u{2028}",
            "\u{ffff}",
            "\u{feff}",
            "::error::",
            "\n::error::",
            "%0A::",
            "`",
            "````\n",
            "|",
            "\\|",
            "\\",
            "@teacher",
            "#1",
            "GH-1",
            "www.evil.example",
            "https://evil.example/",
            "[x](https://evil.example)",
            "![x](y)",
            "\n# x\n",
            "\n- [x] y\n",
            "</details>",
            "<script>",
            "\n...\n",
            "\nok 1 - ",
            "\nBail out!",
            "# SKIP",
            "=1+1",
            "+1",
            "-1",
            "@SUM(1)",
            ";=1",
            ",",
            "\u{ff1d}1",
            "##[error]",
            "✓ c0 10/10 ",
            "✗ c1 0/10",
            "100 of 100 points",
            "points: 100 of 100",
            "score: 1 of 1",
            "verdict: passed",
            "grüße ☕",
            "👩‍💻",
            "☺\u{fe0f}",
            "e\u{301}",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        "[a-z]{1,60}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::Passed, Verdict::Failed, Verdict::Error, Verdict::Skipped, Verdict::Inconclusive])
}

fn words() -> impl Strategy<Value = [String; 10]> {
    prop::array::uniform10(hostile())
}

fn disclosure() -> impl Strategy<Value = Disclosure> {
    use Disclosure::{Actual, Full, None, Points, Rationale};
    prop_oneof![4 => Just(Full), 1 => prop::sample::select(vec![Actual, Rationale, Points, None])]
}

fn check() -> impl Strategy<Value = CheckOutcome> {
    let lists = (prop::collection::vec(hostile(), 0..6), prop::collection::vec(hostile(), 0..3));
    let output = prop::collection::vec((hostile(), hostile(), hostile()), 0..6);
    (verdict(), 0..50_u32, "[a-z]{0,9}", words(), lists, output, any::<[u64; 4]>(), any::<bool>(), disclosure()).prop_map(
        |(verdict, max_points, id, words, (witnesses, remarks), output, [more, looks, first, took], some, disclosure)| {
            let [title, message, criterion, expected, observed, cause, hint, next, file, topic] = words;
            let mut check = CheckOutcome {
                id,
                title,
                criterion: some.then_some(criterion),
                verdict,
                points: if verdict == Verdict::Passed { max_points } else { 0 },
                max_points,
                message,
                expected: Some(expected),
                observed: some.then_some(observed),
                witnesses,
                more_witnesses: more,
                read: some.then(|| Reading { handout: Some(hint.clone()), show: Some(next.clone()), kafka: Some(cause.clone()) }),
                cause: Some(cause),
                moment: some.then(|| Moment::at(first).in_partition(&topic, 0).of(&topic)),
                remarks,
                hint: some.then_some(hint),
                next: some.then_some(next),
                place: some.then_some(Place { file, line: 1, column: 1 }),
                looks,
                first_seen_ms: some.then_some(first),
                duration_ms: took,
                output: output.into_iter().map(|(program, stream, text)| OutputLine { program, stream, at_ms: took, text }).collect(),
                disclosure,
            };
            disclosure.apply(&mut check);
            check
        },
    )
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    let late = prop::option::of((any::<u64>(), any::<bool>(), prop::option::of(any::<u64>()), 0..=100_u8));
    let numbers = (any::<[u64; 3]>(), prop::sample::select(vec![Tier::Practice, Tier::Ci, Tier::Official]));
    (prop::collection::vec(check(), 0..6), words(), words(), numbers, any::<bool>(), late).prop_map(
        |(mut checks, words, more, ([seed, started_at, ms], tier), interrupted, late)| {
            for (at, check) in checks.iter_mut().enumerate() {
                check.id = format!("c{at}{}", check.id);
            }
            let score = Score::of(&checks);
            let [title, id, kgrade, checks_digest, submission, commit, broker, cluster, phase, sandbox] = words;
            let [learner, client, repository, workflow, reference, event, actor, url, ..] = more;
            let workflow = Workflow { repository, workflow, reference, event, actor, url, attempt: 1 };
            let late = late.map(|(due, extended, late_s, percent)| {
                let penalty_percent = if late_s.is_some_and(|s| s > 0) { percent } else { 0 };
                Late { due, extended, grace_s: 0, late_s, penalty_percent, score: Late::left(score.points, penalty_percent) }
            });
            Outcome {
                schema: kgrade::outcome::SCHEMA.to_owned(),
                lab: "lab-02".to_owned(),
                title,
                score: score.points,
                max_score: score.max_points,
                complete: score.complete && !interrupted,
                interrupted,
                checks,
                run: RunFacts {
                    id,
                    seed,
                    tier,
                    kgrade,
                    checks_digest,
                    submission_digest: Some(submission),
                    commit: Some(commit),
                    broker_version: Some(broker),
                    cluster,
                    started_at,
                    learner: (tier != Tier::Practice).then_some(learner),
                    committed_at: Some(started_at),
                    clients: vec![client],
                    sandbox,
                    workflow: (tier == Tier::Ci).then_some(workflow),
                },
                timings_ms: [(phase, ms), ("grader".to_owned(), ms)].into_iter().collect(),
                late,
            }
        },
    )
}
