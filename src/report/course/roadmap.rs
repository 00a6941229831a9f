//! The roadmap, as the course has it, with the labs and hours of its days.

use super::sheet::Sheet;
use super::{list, stretch};
use crate::course::{Advice, Block, Checkpoint, Course, Part, Passage, Stretch};
use crate::report::terminal::Style;
use crate::report::words::count;

/// The roadmap, or one week of it. `graded` are the labs that this kgrade carries.
#[must_use]
pub fn render(course: &Course, week: Option<u32>, graded: &[String], style: &Style) -> String {
    let mut page = Page { course, graded, sheet: Sheet::new(style) };
    match week {
        None => page.whole(),
        Some(week) => page.week(week),
    }
    page.sheet.finish()
}

struct Page<'a> {
    course: &'a Course,
    graded: &'a [String],
    sheet: Sheet,
}

impl Page<'_> {
    fn whole(&mut self) {
        let course = self.course;
        self.sheet.heading(&course.title);
        self.passage(course.welcome.as_ref());
        for part in &course.parts {
            self.part(part);
            part.blocks.iter().for_each(|block| self.block(block));
        }
        self.begin();
        self.section("Daily Learning Schedule (Recommended):");
        for session in &course.schedule {
            self.sheet.text("  ", &format!("{} ({}):", session.when, count(u64::from(session.hours), "hour", "hours")));
            self.items("    ", &session.tasks);
        }
        self.advice("Getting Help:", &course.help, |nth| format!("{nth}. "));
        self.section("Assessment Checkpoints:");
        course.checkpoints.iter().for_each(|checkpoint| self.checkpoint(checkpoint));
        self.section("Weekly Review Questions:");
        self.numbered("  ", &course.review_questions);
        self.section("Important Notes:");
        self.sheet.text("  ", "Time Investment:");
        for pace in &course.hours_per_week {
            let more = if pace.or_more { "+" } else { "" };
            self.sheet.text("    - ", &format!("{}: {}{more} hours/week {}", pace.pace, pace.hours, pace.aim));
        }
        self.sheet.text("  ", "Practical Focus:");
        self.items("    ", &course.focus);
        self.advice("Success Mindset:", &course.mindset, |_| "- ".to_owned());
        self.passage(course.closing.as_ref());
    }

    fn week(&mut self, week: u32) {
        let course = self.course;
        let length = course.days_a_week();
        let days = Stretch { from: (week - 1) * length + 1, to: week * length };
        for part in course.parts.iter().filter(|part| part.weeks.has(week)) {
            self.part(part);
            let here = part.blocks.iter().filter(|block| block.days.from <= days.to && block.days.to >= days.from);
            here.for_each(|block| self.block(block));
        }
        if let Some(checkpoint) = course.checkpoint(week) {
            self.section("Assessment Checkpoint:");
            self.checkpoint(checkpoint);
            self.sheet.command("  ", &format!("kgrade checkpoint week-{week}"));
        }
        self.section("Weekly Review Questions:");
        self.numbered("  ", &course.review_questions);
        self.sheet.command("  ", &format!("kgrade review week-{week}"));
    }

    fn part(&mut self, part: &Part) {
        self.section(&format!("Week {}: {}", stretch(part.weeks), part.title));
    }

    fn block(&mut self, block: &Block) {
        self.sheet.gap();
        self.sheet.heading(&format!("Day {}: {}", stretch(block.days), block.title));
        self.sheet.text("  ", "Your Tasks:");
        self.numbered("    ", &block.tasks);
        self.sheet.text("  ", "Learning Goals:");
        self.items("    ", &block.goals);
        if !block.criteria.is_empty() {
            self.sheet.text("  ", "Success Criteria:");
            block.criteria.iter().for_each(|line| self.sheet.text("    [ ] ", line));
        }
        let labs = block.labs.join(", ");
        if block.labs.iter().all(|lab| self.graded.contains(lab)) {
            self.sheet.text("  ", &format!("Labs: {labs}"));
        } else {
            self.sheet.text("  ", &format!("Labs: {labs} (not graded by this kgrade yet)"));
        }
        self.sheet.text("  ", &self.hours(block));
    }

    /// What the days of a block come to, at each pace.
    fn hours(&self, block: &Block) -> String {
        let (days, a_week) = (block.days.length(), self.course.days_a_week());
        let all = |hours: &dyn Fn(u32) -> u32| {
            list(&self.course.hours_per_week.iter().map(|pace| hours(pace.hours).to_string()).collect::<Vec<_>>())
        };
        format!("Hours: {}, for {} hours a week", all(&|hours| (hours * days).div_ceil(a_week)), all(&|hours| hours))
    }

    fn begin(&mut self) {
        let Some(begin) = &self.course.begin else { return };
        self.section(&format!("Your Current Status: {}", begin.status));
        self.sheet.text("  ", "What You Need to Do Right Now:");
        for (nth, step) in (1..).zip(&begin.steps) {
            self.sheet.text("    ", &format!("{nth}. {}:", step.title));
            step.commands.iter().for_each(|command| self.sheet.command("       ", command));
            self.items("       ", &step.notes);
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.sheet.text("  ", &format!("End of Week {}:", checkpoint.after_week));
        for line in &checkpoint.lines {
            self.sheet.text("    - ", &line.line);
            let checks = line.shown_by.iter().map(ToString::to_string).collect::<Vec<_>>();
            self.sheet.aside("      ", &format!("shown by {}", checks.join(", ")));
        }
    }

    fn passage(&mut self, passage: Option<&Passage>) {
        let Some(passage) = passage else { return };
        self.section(&passage.title);
        passage.text.iter().for_each(|paragraph| self.sheet.text("  ", paragraph));
    }

    fn advice(&mut self, title: &str, advice: &[Advice], lead: impl Fn(usize) -> String) {
        if advice.is_empty() {
            return;
        }
        self.section(title);
        for (nth, advice) in (1..).zip(advice) {
            self.sheet.text(&format!("  {}", lead(nth)), &format!("{}: {}", advice.what, advice.because));
        }
    }

    fn section(&mut self, title: &str) {
        self.sheet.gap();
        self.sheet.heading(title);
    }

    fn items(&mut self, indent: &str, items: &[String]) {
        items.iter().for_each(|item| self.sheet.text(&format!("{indent}- "), item));
    }

    fn numbered(&mut self, indent: &str, items: &[String]) {
        (1..).zip(items).for_each(|(nth, item): (usize, _)| self.sheet.text(&format!("{indent}{nth}. "), item));
    }
}
