//! What is measured, one file a question.

mod bulk;
mod letter;
mod list;
mod parallel;
mod quarantine;
mod size;

use crate::page::Page;
use crate::stage::Stage;

/// Measures one thing and puts it on the page.
type Section = fn(&Stage, &mut Page);

/// All sections that were asked for, in the order of the page, which is written after each.
pub fn all(stage: &Stage, page: &mut Page, write: impl Fn(&Page)) {
    let sections: [(&str, Section); 8] = [
        ("letter", letter::letter),
        ("size", size::size),
        ("list", list::list),
        ("held", quarantine::held),
        ("flood", quarantine::flood),
        ("parallel", parallel::parallel),
        ("replay", bulk::replay),
        ("commands", bulk::commands),
    ];
    if stage.options.quick {
        page.leave_out("the largest sizes and the many rounds: this was a quick run".to_owned());
    }
    for (name, section) in sections {
        if stage.options.wants(name) {
            section(stage, page);
            write(page);
        } else {
            page.leave_out(format!("the section {name}: not asked for"));
        }
    }
    write(page);
}
