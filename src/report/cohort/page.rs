//! The page of a cohort: scores, what each check comes to, the commonest mistakes, what was not graded and why, who may need help.

use super::mistakes::mistakes;
use super::rates::rates;
use super::{Cohort, Entry, State, help};
use crate::report::page::Document;
use crate::report::page::escape::{prose, text};
use crate::report::words::{count, duration};

const STYLE: &str = concat!(include_str!("../html/style.css"), include_str!("style.css"));
const SCRIPT: &str = include_str!("script.js");

/// How many mistakes are shown, and how many of those who made one are named.
const MISTAKES: usize = 20;
const NAMED: usize = 12;
/// How many of the slowest are shown.
const SLOWEST: usize = 5;
/// The bars of the picture of scores.
const BARS: usize = 10;

/// The page.
#[must_use]
pub fn render(cohort: &Cohort) -> String {
    let mut page = String::from("<a class=\"skip\" href=\"#submissions\">to the submissions</a>\n");
    head(&mut page, cohort);
    page.push_str("<main>\n");
    not_graded(&mut page, cohort);
    checks(&mut page, cohort);
    common(&mut page, cohort);
    helped(&mut page, cohort);
    table(&mut page, cohort);
    slowest(&mut page, cohort);
    page.push_str("</main>\n");
    let title = format!("{} · {} · kgrade", cohort.lab, count(cohort.submissions.len() as u64, "submission", "submissions"));
    Document { title: &title, style: STYLE, script: SCRIPT, body: &page }.render()
}

fn head(page: &mut String, cohort: &Cohort) {
    let all = cohort.submissions.len() as u64;
    page.push_str(&format!("<header>\n<p class=\"lab\">{}</p>\n<h1>{}</h1>\n", text(&cohort.lab), text(&cohort.title)));
    let done = cohort.count(State::Graded);
    page.push_str(&format!("<p class=\"score\"><strong>{done}</strong> of {} graded</p>\n", count(all, "submission", "submissions")));
    let mut said = Vec::new();
    let mut say = |n: u64, one: &str, many: &str| {
        if n > 0 {
            said.push(count(n, one, many));
        }
    };
    say(cohort.count(State::Incomplete), "has a check without a verdict: that is not a grade", "have checks without a verdict: those are not grades");
    say(cohort.count(State::Error), "was not graded", "were not graded");
    say(cohort.count(State::Open), "is not done yet", "are not done yet");
    if !said.is_empty() {
        page.push_str(&format!("<p class=\"grade open\">{}</p>\n", said.join("; ")));
    }
    let mut facts = Vec::new();
    let mut scores: Vec<u32> = scores(cohort).map(|(score, _)| score).collect();
    scores.sort_unstable();
    if let (Some(lowest), Some(highest)) = (scores.first(), scores.last()) {
        let middle = scores.get(scores.len() / 2).copied().unwrap_or_default();
        facts.push(format!("scores from {lowest} to {highest}, half of them {middle} or more"));
    }
    if !cohort.shards.is_empty() {
        facts.push(format!("shard {}", cohort.shards.join(", ")));
    }
    facts.push(format!("kgrade {}", cohort.kgrade));
    facts.push(format!("checks {}", cohort.checks_digest.chars().take(12).collect::<String>()));
    facts.extend(crate::report::provenance::moment(cohort.at).map(|at| format!("written {}", at.replace('T', " ").replace('Z', " UTC"))));
    page.push_str(&format!("<p class=\"counts\">{}</p>\n</header>\n", text(&facts.join(" · "))));
}

/// The scores that are grades, each with the points that could be reached.
fn scores(cohort: &Cohort) -> impl Iterator<Item = (u32, u32)> {
    let whole = cohort.graded().filter(|(entry, _)| entry.state == State::Graded);
    whole.map(|(_, graded)| (graded.score, graded.max_score))
}

fn section(page: &mut String, id: &str, title: &str) {
    page.push_str(&format!("<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n"));
}

/// A submission by its name, with a link to its own page where it has one.
fn named(entry: &Entry) -> String {
    let shown = match &entry.name {
        Some(name) => format!("{} <code class=\"id\">{}</code>", text(name), text(&entry.id)),
        None => text(&entry.id),
    };
    match &entry.graded {
        Some(_) => format!("<a href=\"results/{}/report.html\">{shown}</a>", address(&entry.id)),
        None => shown,
    }
}

/// A name as a part of an address.
fn address(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    name.bytes().enumerate().map(|(nth, byte)| if plain(byte) || byte == b'.' && nth > 0 { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn not_graded(page: &mut String, cohort: &Cohort) {
    let stuck: Vec<&Entry> = cohort.submissions.iter().filter(|entry| matches!(entry.state, State::Error | State::Incomplete)).collect();
    if stuck.is_empty() {
        return;
    }
    section(page, "not-graded", "Without a grade");
    page.push_str("<dl class=\"wide\">\n");
    for entry in stuck {
        let why = match (&entry.why, &entry.graded) {
            (Some(why), _) => prose(why),
            (None, Some(graded)) => {
                let open = graded.checks.iter().filter(|check| matches!(check.verdict, crate::outcome::Verdict::Error | crate::outcome::Verdict::Inconclusive));
                prose(&open.map(|check| format!("{}: {}", check.id, check.message)).collect::<Vec<_>>().join("; "))
            }
            (None, None) => String::new(),
        };
        page.push_str(&format!("<dt>{}</dt><dd>{why}</dd>\n", named(entry)));
    }
    page.push_str("</dl>\n<p class=\"note\">To try these again: <code>kgrade batch … --resume --again</code></p>\n</section>\n");
}

fn checks(page: &mut String, cohort: &Cohort) {
    let rates = rates(cohort);
    if rates.is_empty() {
        return;
    }
    section(page, "checks", "Checks");
    page.push_str("<table class=\"rates\">\n<thead><tr><th scope=\"col\">check</th><th scope=\"col\">passed</th><th scope=\"col\" class=\"share\"></th></tr></thead>\n<tbody>\n");
    for rate in rates {
        let percent = rate.percent();
        let shown = percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"));
        let open = if rate.undecided > 0 { format!(", {} without a verdict", rate.undecided) } else { String::new() };
        page.push_str(&format!(
            "<tr><th scope=\"row\"><span class=\"title\">{}</span><code class=\"id\">{}</code></th><td><b>{shown}</b> <small>{} of {}{open}</small></td>\
             <td class=\"share\" aria-hidden=\"true\"><i style=\"width:{}%\"></i></td></tr>\n",
            text(rate.title),
            text(rate.id),
            rate.passed,
            rate.passed + rate.lost,
            percent.unwrap_or(0),
        ));
    }
    page.push_str("</tbody>\n</table>\n");
    histogram(page, cohort);
    page.push_str("</section>\n");
}

/// How many reached which part of the points.
fn histogram(page: &mut String, cohort: &Cohort) {
    let mut bars = [0_u64; BARS];
    for (score, most) in scores(cohort) {
        let nth = (u64::from(score) * BARS as u64).checked_div(u64::from(most)).unwrap_or(0);
        let nth = usize::try_from(nth).unwrap_or(0).min(BARS - 1);
        if let Some(bar) = bars.get_mut(nth) {
            *bar += 1;
        }
    }
    let most = bars.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return;
    }
    page.push_str("<h3>Scores</h3>\n<ol class=\"histogram\">\n");
    for (nth, bar) in bars.iter().enumerate() {
        let (from, to) = (nth * 100 / BARS, (nth + 1) * 100 / BARS);
        page.push_str(&format!(
            "<li><b>{bar}</b><i style=\"height:{}%\" aria-hidden=\"true\"></i><span>{from}–{to} %</span></li>\n",
            bar * 100 / most
        ));
    }
    page.push_str("</ol>\n");
}

fn common(page: &mut String, cohort: &Cohort) {
    let mistakes = mistakes(cohort);
    if mistakes.is_empty() {
        return;
    }
    section(page, "mistakes", "The commonest mistakes");
    for mistake in mistakes.iter().take(MISTAKES) {
        let by: Vec<String> = mistake.by.iter().take(NAMED).map(|entry| named(entry)).collect();
        let more = mistake.by.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        page.push_str(&format!(
            "<article class=\"check\">\n<h3>{} <span class=\"points\">{}</span></h3>\n<div class=\"why\"><p class=\"headline\">{}</p>\n{}<p class=\"by\">{}{more}</p></div>\n\
             <p class=\"facts\"><code class=\"id\">{}</code> <span>{}</span></p>\n</article>\n",
            prose(mistake.cause.unwrap_or(mistake.says)),
            count(mistake.by.len() as u64, "learner", "learners"),
            prose(mistake.says),
            mistake.by.first().map(|entry| format!("<p class=\"example\">for example: {}</p>\n", named(entry))).unwrap_or_default(),
            by.join(" · "),
            text(mistake.check),
            text(mistake.title),
        ));
    }
    let left = mistakes.len().saturating_sub(MISTAKES) as u64;
    if left > 0 {
        page.push_str(&format!("<p class=\"more\">and {}</p>\n", count(left, "rarer mistake", "rarer mistakes")));
    }
    page.push_str("</section>\n");
}

fn helped(page: &mut String, cohort: &Cohort) {
    let needed = help::needed(cohort);
    if needed.is_empty() {
        return;
    }
    section(page, "help", "Who may need help");
    page.push_str(&format!("<p class=\"note\">{}</p>\n<dl class=\"wide\">\n", help::rule()));
    for (entry, reason) in needed {
        page.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", named(entry), prose(&reason)));
    }
    page.push_str("</dl>\n</section>\n");
}

fn table(page: &mut String, cohort: &Cohort) {
    page.push_str("<section id=\"submissions\" aria-labelledby=\"submissions-title\" tabindex=\"-1\">\n<h2 id=\"submissions-title\">Submissions</h2>\n");
    page.push_str("<p class=\"search\" hidden><label>Show those that hold <input type=\"search\" id=\"search\" autocomplete=\"off\"></label></p>\n");
    let ids: Vec<&str> = rates(cohort).iter().map(|rate| rate.id).collect();
    page.push_str("<div class=\"sheet\" tabindex=\"0\" role=\"region\" aria-label=\"submissions\"><table class=\"all\">\n<thead><tr><th scope=\"col\">submission</th><th scope=\"col\">state</th><th scope=\"col\">score</th><th scope=\"col\">grade</th>");
    for id in &ids {
        page.push_str(&format!("<th scope=\"col\" class=\"check-id\"><span>{}</span></th>", text(id)));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for entry in &cohort.submissions {
        row(page, entry, &ids);
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn row(page: &mut String, entry: &Entry, ids: &[&str]) {
    let class = match entry.state {
        State::Graded => "passed",
        State::Incomplete | State::Error => "error",
        State::Open => "skipped",
    };
    let (score, grade) = match &entry.graded {
        Some(graded) => {
            let late = graded.late.as_ref().filter(|late| late.penalty_percent > 0);
            let late = late.map(|late| format!(" <small>late, less {} %</small>", late.penalty_percent)).unwrap_or_default();
            // A sum that is not a grade must not be read as one.
            let grade = if entry.state == State::Graded { format!("<b>{}</b>{late}", graded.grade) } else { String::new() };
            (format!("{} of {}", graded.score, graded.max_score), grade)
        }
        None => (String::new(), String::new()),
    };
    page.push_str(&format!(
        "<tr><th scope=\"row\">{}</th><td><span class=\"verdict {class}\">{}</span></td><td>{score}</td><td>{grade}</td>",
        named(entry),
        entry.state.word()
    ));
    for id in ids {
        let check = entry.graded.as_ref().and_then(|graded| graded.checks.iter().find(|check| check.id == *id));
        match check {
            Some(check) => page.push_str(&format!(
                "<td class=\"tick {0}\"><span aria-hidden=\"true\">{1}</span><span class=\"said\">{0}</span></td>",
                check.verdict.word(),
                crate::report::html::sign(check.verdict)
            )),
            None => page.push_str("<td></td>"),
        }
    }
    page.push_str("</tr>\n");
}

fn slowest(page: &mut String, cohort: &Cohort) {
    let mut timed: Vec<&Entry> = cohort.submissions.iter().filter(|entry| entry.took_ms > 0).collect();
    timed.sort_by_key(|entry| std::cmp::Reverse(entry.took_ms));
    if timed.len() < 2 {
        return;
    }
    section(page, "slowest", "The slowest");
    page.push_str("<dl class=\"wide\">\n");
    for entry in timed.into_iter().take(SLOWEST) {
        page.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", named(entry), duration(entry.took_ms)));
    }
    page.push_str("</dl>\n</section>\n");
}
