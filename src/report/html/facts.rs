//! What the run was made with: enough to trust it as far as it goes, and to run it again.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::outcome::{Outcome, Tier, no_sandbox};
use crate::report::page::escape::text;
use crate::report::words::duration;

/// What a tier is and what it proves, in a sentence.
pub fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Practice => "Practice: run on the learner’s own machine. It is feedback, and no proof for a grade.",
        Tier::Ci => "CI: run by a workflow in the learner’s repository. It counts as far as the learner cannot change that workflow.",
        Tier::Official => "Official: run by the instructor, on a clean clone with the instructor’s checks.",
    }
}

/// Writes the facts.
pub fn write(page: &mut String, outcome: &Outcome) {
    let run = &outcome.run;
    let mut facts: Vec<(&str, String)> = Vec::new();
    facts.push(("tier", tier(run.tier).to_owned()));
    facts.extend(run.learner.iter().map(|learner| ("learner", learner.clone())));
    facts.extend(moment(run.started_at).map(|at| ("graded", at)));
    facts.extend(run.committed_at.and_then(moment).map(|at| ("committed", at)));
    facts.extend(outcome.late.as_ref().and_then(|late| moment(late.due)).map(|at| ("due", at)));
    facts.extend(run.commit.iter().map(|commit| ("commit", commit.clone())));
    facts.extend(run.submission_digest.iter().map(|digest| ("submission", format!("sha256 {digest}"))));
    facts.push(("checks", format!("sha256 {}", run.checks_digest)));
    facts.push(("kgrade", run.kgrade.clone()));
    let broker = run.broker_version.as_deref().unwrap_or("none was reached");
    facts.push(("Kafka", format!("{broker} ({})", run.cluster)));
    facts.push(("clients", if run.clients.is_empty() { "none were seen".to_owned() } else { run.clients.join(", ") }));
    facts.push(("sandbox", if run.sandbox == no_sandbox() { "none".to_owned() } else { run.sandbox.clone() }));
    facts.push(("seed", run.seed.to_string()));
    facts.push(("run", run.id.clone()));
    facts.extend(outcome.timings_ms.get("total").map(|ms| ("took", duration(*ms))));
    if let Some(workflow) = &run.workflow {
        facts.push(("workflow", format!("{} ({}, attempt {})", workflow.workflow, workflow.event, workflow.attempt)));
        facts.push(("repository", format!("{} at {}, by {}", workflow.repository, workflow.reference, workflow.actor)));
        facts.push(("workflow run", workflow.url.clone()));
    }
    page.push_str("<section class=\"run\" aria-labelledby=\"run-title\">\n<h2 id=\"run-title\">How this was graded</h2>\n<dl>\n");
    for (name, fact) in facts {
        page.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", text(&fact)));
    }
    page.push_str("</dl>\n</section>\n");
}

/// A moment in UTC, to the second; `None` when no calendar has it.
fn moment(unix: u64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(unix).ok()?).ok()?;
    let text = at.format(&Rfc3339).ok()?;
    Some(text.replace('T', " ").replace('Z', " UTC"))
}
