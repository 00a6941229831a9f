//! What stands on the screen.

use std::path::{Path, PathBuf};

use super::Session;
use crate::cli::watch::screen::Screen;
use crate::lab::Owner;
use crate::report::watch::{self, Place, View};

impl Session {
    pub(super) fn view<'a>(&'a self, said: &'a [String]) -> View<'a> {
        View {
            lab: (&self.lab.name, &self.lab.title),
            checks: self.board.checks(),
            program: None,
            next: self.course.next(),
            said,
            doing: None,
            outside: self.lab.cluster.owner == Owner::Learner,
            keys: self.keys.any(),
            links: self.keys.moves(),
            rows: Screen::rows(&self.keys),
        }
    }

    /// What is going on, if it is anything.
    fn doing(&self) -> Option<String> {
        if self.graders.is_grading() {
            return Some(watch::grading(self.board.checks(), self.graders.asked()));
        }
        let is_wanted = self.board.is_due() && self.submission.is_some() && !self.absent && !self.graders.gave_up();
        is_wanted.then(|| "waiting for Kafka".to_owned())
    }

    /// The place in the program that the first failure is about.
    fn place(&self) -> Option<Place> {
        let view = self.view(&[]);
        let open = view.first_open()?;
        let submission = self.submission.as_ref()?;
        let programs = self.lab.programs_behind(self.lab.check(&open.id)?);
        let commands = programs.iter().filter_map(|(name, program)| submission.command(&self.lab.name, name, &program.command).ok());
        let is_file = |word: &PathBuf| submission.folder().join(word).is_file();
        let files: Vec<PathBuf> = commands.filter_map(|command| command.iter().map(PathBuf::from).find(is_file)).collect();
        // The one that names a line, else the first.
        let (file, line) = files
            .iter()
            .find_map(|file| Some((file, Some(Place::line_in(file, open)?))))
            .or_else(|| files.first().map(|file| (file, None)))?;
        let shown = if self.course.work == Path::new(".") { file.clone() } else { self.course.work.join(file) };
        Some(Place { shown, absolute: submission.folder().join(file), line })
    }

    /// Shows how things stand. Without a terminal only what a run came to: everything else changes too often.
    pub(super) fn show(&mut self) {
        if self.answers == Some('l') {
            // A list that stands is true.
            let list = self.list();
            self.said.iter_mut().take(1).for_each(|said| said.clone_from(&list));
        }
        let doing = self.doing();
        if !self.keys.moves() && doing.is_some() {
            // Also a run that comes to the same as the last one is told.
            self.screen.forget();
            return;
        }
        let place = self.place();
        let view = View { program: place.as_ref(), doing: doing.as_deref(), ..self.view(&self.said) };
        let page = watch::render(&view, &Screen::style());
        self.screen.show(&self.keys, page);
    }
}
