//! What each key does.

use super::Session;
use crate::lab::Check;
use crate::report::watch;

impl Session {
    pub(super) async fn pressed(&mut self, key: char) {
        match key {
            'r' => {
                self.unsay();
                self.graders.take_heart();
                self.second = false;
                self.look_at();
                self.graders.break_off();
                self.board.all_due();
            }
            'h' => {
                let hint = self.hint();
                self.answer(key, hint);
            }
            'l' => {
                let list = self.list();
                self.answer(key, list);
            }
            't' => {
                let picture = self.picture().await;
                self.answer(key, picture);
            }
            'i' => {
                let said = self.course.init();
                self.saved();
                self.answer(key, said);
            }
            'n' | 'p' => self.step(key == 'n'),
            '?' => self.answer(key, watch::help()),
            // Everybody hits a wrong key at times.
            _ => {}
        }
    }

    /// Says what was asked for, in place of what was said. It stands until something newer does.
    fn answer(&mut self, key: char, said: String) {
        self.says(vec![said]);
        self.answers = Some(key);
    }

    /// All checks as they are now.
    pub(super) fn list(&self) -> String {
        let criterion = |id: &str| self.lab.check(id).and_then(|check| check.criterion.clone());
        watch::everything(self.board.checks(), criterion)
    }

    /// Goes to the next lab, or back.
    fn step(&mut self, on: bool) {
        if !self.course.step(on) {
            self.says(vec![if on { "this is the last lab" } else { "this is the first lab" }.to_owned()]);
            return;
        }
        match self.course.lab() {
            Ok(lab) => {
                self.lab = lab;
                self.graders.break_off();
                self.graders.renew();
                self.take_up();
            }
            Err(failure) => {
                self.says(vec![format!("{} cannot be read: {:#}", self.course.name(), failure.error)]);
                self.course.step(!on);
            }
        }
    }

    fn hint(&mut self) -> String {
        let Some(id) = self.view(&[]).first_open().map(|open| open.id.clone()) else {
            return "no check has failed: there is nothing to hint at".to_owned();
        };
        let given = self.hint.take().filter(|(of, _)| *of == id).map_or(0, |(_, given)| given);
        let hints = self.lab.check(&id).map(Check::hints).unwrap_or_default();
        let Some((_, hint)) = hints.get(given) else {
            self.hint = Some((id.clone(), given));
            return match hints.len() {
                0 => format!("{id} has no hints: its author does not show what it looks at"),
                all => format!("these were all {all} hints for {id}; kgrade show {} has the handout", self.lab.name),
            };
        };
        self.hint = Some((id.clone(), given + 1));
        format!("hint {} of {} for {id}: {hint}", given + 1, hints.len())
    }

    /// Draws the last run into a page, by the command that a person would type.
    async fn picture(&self) -> String {
        let Some(evidence) = &self.evidence else { return "nothing was graded yet".to_owned() };
        let page = self.graders.folder().join("timeline.html");
        let drawn = async {
            let kgrade = std::env::current_exe()?;
            tokio::process::Command::new(kgrade).arg("timeline").arg(evidence).arg("--html").arg(&page).output().await
        };
        match drawn.await {
            Ok(drawn) if drawn.status.success() => {
                let address = page.to_str().map(watch::url).unwrap_or_default();
                format!("the last run as a picture, until you quit: {address}")
            }
            Ok(drawn) => format!("the picture cannot be drawn: {}", String::from_utf8_lossy(&drawn.stderr).trim()),
            Err(error) => format!("the picture cannot be drawn: {error}"),
        }
    }
}
