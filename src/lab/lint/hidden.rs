//! What is not shown must not be told by its id, which every report names.

use super::super::error::{Code, LabError};
use super::super::resolve::Subject;
use super::value_at;
use crate::outcome::Disclosure;

/// The word that the id of a check that is not shown begins with.
const PLAIN: &str = "hidden";

/// Checks of which not even the title is shown, with an id that may say what they ask for.
pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let telling =
        subject.drafts.iter().filter(|draft| draft.check.disclosure == Disclosure::None && !draft.check.written_id.starts_with(PLAIN));
    telling
        .map(|draft| {
            let message = format!("the check `{}` is not shown, but its id is", draft.check.written_id);
            let help = format!("call it `{PLAIN}-1`, so that the id tells nothing");
            LabError::new(Code::TELLING_ID, message, value_at(draft, "id")).help(help).warning()
        })
        .collect()
}
