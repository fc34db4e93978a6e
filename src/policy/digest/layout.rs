//! How much of each group is shown, so that the digest stays short: what matters most gets its lines first.
//!
//! Promises: no more lines than there is room for, but where a message has waited so long that only a digest is missing
//! before it may go. Never touches: what the lines say beyond their number.

use super::entry::{Entry, Form, Words, Zone, lines};
use super::section::Section;
use super::surge::Surge;
use crate::mail::display::wrapped;
use crate::policy::token::HeldId;

/// Most names of reasons beside a heading, or in a line that counts.
const NAMES: usize = 3;
/// Fewer entries of a group are not worth their heading where the others are only counted.
const LEAST_SHOWN: usize = 3;
/// Columns in front of the second line of a heading.
const HEADING_INDENT: usize = 4;

/// What stands under one heading.
pub(super) struct Group<'a> {
    /// The part of the digest it belongs to.
    pub section: Section,
    /// Without the count.
    pub heading: String,
    /// What can be shown, in its order.
    pub rows: Vec<Row<'a>>,
    /// All that is in it.
    pub all: Vec<HeldId>,
    /// The names of their reasons, the most frequent first.
    pub reasons: Vec<&'static str>,
}

/// One thing that can be shown.
pub(super) enum Row<'a> {
    /// A message.
    One(&'a Entry, &'a Words),
    /// Many of one list.
    Many(Surge<'a>),
    /// A message whose time is over: it may go when a digest has shown it.
    Overdue(&'a Entry, &'a Words),
}

/// How much of a group is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    rows: usize,
    form: Form,
}

/// The groups, each with how much of it is shown.
pub(super) struct Layout<'a> {
    groups: Vec<(Group<'a>, Plan)>,
    /// Whether there is an empty line before each.
    gaps: bool,
    width: usize,
    room: usize,
}

/// What gets longer as long as there is room.
#[derive(Clone, Copy)]
enum Step {
    /// The entries of people and codes.
    People(Form),
    /// What was only counted.
    Counted,
    /// The entries of machines.
    Machines(Form),
    Gaps,
}

/// Of few messages each is shown with what it says before there is an empty line; many are well apart first of all.
const FEW: [Step; 5] =
    [Step::People(Form::Two), Step::Counted, Step::Gaps, Step::People(Form::Three), Step::Machines(Form::Two)];
const MANY: [Step; 5] =
    [Step::Gaps, Step::People(Form::Two), Step::Counted, Step::People(Form::Three), Step::Machines(Form::Two)];

impl<'a> Layout<'a> {
    /// Fits the groups into so many lines of that width.
    pub(super) fn new(groups: Vec<Group<'a>>, few: bool, room: usize, width: usize) -> Layout<'a> {
        let groups = groups.into_iter().map(|group| (group, Plan { rows: 0, form: Form::One })).collect();
        let mut layout = Layout { groups, gaps: false, width, room };
        layout.allot();
        for step in if few { FEW } else { MANY } {
            layout.lengthen(step);
        }
        layout
    }

    /// Shows of people, who are never only counted, one line each; where there are too many, the first ones get at
    /// most half of what is left, and codes a quarter.
    fn allot(&mut self) {
        let is_shown = |group: &Group| !group.section.may_be_counted() || group.section == Section::Codes;
        let counted = self.groups.iter().filter(|(group, _)| !is_shown(group));
        let mut spare = self.room.saturating_sub(counted.map(|(group, plan)| self.height(group, *plan)).sum());
        // A heading is longer where not all are shown, and codes that are counted have a line more.
        let head = |group: &Group| {
            let all = group.rows.len();
            let heading =
                [all, all.saturating_sub(1).max(1)].map(|rows| heading(group, rows, self.width).lines().count());
            heading.into_iter().max().unwrap_or(1) + usize::from(group.section.may_be_counted() && all > 1)
        };
        let heads: Vec<usize> = self.groups.iter().map(|(group, _)| head(group)).collect();
        let needs = self.groups.iter().zip(&heads);
        let needs: Vec<usize> =
            needs.map(|((group, _), head)| if is_shown(group) { head + group.rows.len() } else { 0 }).collect();
        let mut later: usize = needs.iter().sum();
        if later > spare {
            spare = spare.saturating_sub(self.waiting_line(usize::MAX).lines().count());
        }
        for ((group, plan), head) in self.groups.iter_mut().zip(heads).filter(|((group, _), _)| is_shown(group)) {
            later -= head + group.rows.len();
            let share = if group.section == Section::Codes { spare / 4 } else { spare / 2 };
            let most = spare.saturating_sub(later).max(share).saturating_sub(head);
            let most = most.min(group.rows.len());
            let overdue = group.rows.iter().filter(|row| matches!(row, Row::Overdue(..))).count();
            // What is overdue leaves room for what is new.
            let others = most.saturating_sub(overdue).max(most / 2);
            plan.rows = overdue + others.min(group.rows.len() - overdue);
            if plan.rows > 0 || group.section.may_be_counted() {
                spare = spare.saturating_sub(head + plan.rows);
            }
        }
    }

    /// Makes longer what has room, from the top.
    fn lengthen(&mut self, step: Step) {
        if matches!(step, Step::Gaps) {
            self.gaps = true;
            self.gaps = self.lines() <= self.room;
            return;
        }
        for at in 0..self.groups.len() {
            let Some((group, plan)) = self.groups.get(at) else { return };
            let (old, is_machine) = (*plan, group.section.may_be_counted() && group.section != Section::Codes);
            let new = match step {
                Step::People(form) if !is_machine => Plan { form, ..old },
                Step::Machines(form) if is_machine && old.rows > 0 => Plan { form, ..old },
                Step::Counted if is_machine && !group.section.is_folded() => {
                    let left = self.room.saturating_sub(self.lines());
                    self.uncounted(group, old, left)
                }
                _ => continue,
            };
            self.set(at, new);
            if self.lines() > self.room {
                self.set(at, old);
            }
        }
    }

    /// As many entries of a group that was only counted as have room.
    fn uncounted(&self, group: &Group<'_>, old: Plan, left: usize) -> Plan {
        let before = self.height(group, old);
        let fits =
            |rows: &usize| self.height(group, Plan { rows: *rows, ..old }) + usize::from(self.gaps) <= before + left;
        let most = group.rows.len().min(left + before);
        let rows = (1..=most).rev().find(fits).unwrap_or(0);
        let worth = rows == group.rows.len() || rows >= LEAST_SHOWN;
        Plan { rows: if worth { rows } else { 0 }, ..old }
    }

    fn set(&mut self, at: usize, plan: Plan) {
        if let Some((_, old)) = self.groups.get_mut(at) {
            *old = plan;
        }
    }

    /// The lines of all groups, with the empty ones between them.
    pub(super) fn lines(&self) -> usize {
        let groups: usize = self.groups.iter().map(|(group, plan)| self.height(group, *plan)).sum();
        let waiting = self.waiting();
        let last = if waiting > 0 { self.waiting_line(waiting).lines().count() } else { 0 };
        groups + (0..self.groups.len()).filter(|at| self.gap_before(*at)).count() + last
    }

    /// Whether an empty line stands before a group: not between two that are only counted.
    fn gap_before(&self, at: usize) -> bool {
        let shown = |at: usize| self.groups.get(at).is_some_and(|(_, plan)| plan.rows > 0);
        self.gaps && at > 0 && (shown(at) || shown(at - 1))
    }

    fn height(&self, group: &Group<'_>, plan: Plan) -> usize {
        if plan.rows == 0 {
            return if group.section.may_be_counted() { counted(group, self.width).lines().count() } else { 0 };
        }
        let rows: usize = picked(group, plan.rows).iter().map(|row| row.height((plan.form, self.width))).sum();
        heading(group, plan.rows, self.width).lines().count() + rows + usize::from(is_cut(group, plan))
    }

    /// The text of all groups.
    pub(super) fn text(&self, zone: Zone<'_>) -> String {
        let mut out = String::new();
        for (at, (group, plan)) in self.groups.iter().enumerate() {
            if self.gap_before(at) {
                out.push('\n');
            }
            if plan.rows == 0 {
                out.push_str(&if group.section.may_be_counted() { counted(group, self.width) } else { String::new() });
                continue;
            }
            out.push_str(&heading(group, plan.rows, self.width));
            let rows = picked(group, plan.rows);
            rows.iter().for_each(|row| out.push_str(&row.text((plan.form, self.width), zone)));
            if is_cut(group, *plan) {
                let more = group.all.len() - rows.iter().map(|row| row.ids().len()).sum::<usize>();
                out.push_str(&format!("  and {more} more: {}\n", way(group).0));
            }
        }
        let waiting = self.waiting();
        if waiting > 0 {
            out.push_str(&self.waiting_line(waiting));
        }
        out
    }

    /// What counts as listed.
    pub(super) fn listed(&self) -> Vec<HeldId> {
        let of = |(group, plan): &(Group<'_>, Plan)| {
            if group.section.may_be_counted() {
                // A line tells how many there are, and how all of them are seen.
                group.all.clone()
            } else {
                picked(group, plan.rows).iter().flat_map(|row| row.ids()).collect()
            }
        };
        self.groups.iter().flat_map(of).collect()
    }

    /// How many are not listed.
    fn waiting(&self) -> usize {
        let people = self.groups.iter().filter(|(group, _)| !group.section.may_be_counted());
        people.map(|(group, plan)| group.all.len() - picked(group, plan.rows).len()).sum()
    }

    fn waiting_line(&self, count: usize) -> String {
        let (more, come) = if count == 1 { ("1 more".to_owned(), "comes") } else { (format!("{count} more"), "come") };
        wrapped(&format!("{more} {come} with the next digest; `countersign held` shows all now."), 0, self.width)
    }
}

impl Row<'_> {
    fn height(&self, shape: (Form, usize)) -> usize {
        match self {
            Row::Many(surge) => surge.height(shape),
            Row::One(_, words) | Row::Overdue(_, words) => match shape.0 {
                Form::One => 1,
                Form::Three if words.preview.iter().any(|line| !line.is_empty()) => 3,
                Form::Two | Form::Three => 2,
            },
        }
    }

    fn text(&self, shape: (Form, usize), zone: Zone<'_>) -> String {
        match self {
            Row::Many(surge) => surge.lines(shape),
            Row::One(entry, words) | Row::Overdue(entry, words) => lines(entry, words, shape, zone),
        }
    }

    fn ids(&self) -> Vec<HeldId> {
        match self {
            Row::Many(surge) => surge.ids.clone(),
            Row::One(entry, _) | Row::Overdue(entry, _) => vec![entry.id],
        }
    }
}

/// So many rows of a group: those that are overdue, and the first of the others.
fn picked<'g, 'a>(group: &'g Group<'a>, rows: usize) -> Vec<&'g Row<'a>> {
    let overdue = group.rows.iter().filter(|row| matches!(row, Row::Overdue(..))).count();
    let mut others = rows.saturating_sub(overdue);
    let mut left = rows;
    let mut take = |row: &&Row| {
        let of = if matches!(row, Row::Overdue(..)) { &mut left } else { &mut others };
        let taken = *of > 0;
        *of = of.saturating_sub(1);
        taken
    };
    group.rows.iter().filter(|row| take(row)).collect()
}

/// Whether some of a group that may be counted are.
fn is_cut(group: &Group<'_>, plan: Plan) -> bool {
    let shown = || picked(group, plan.rows).iter().map(|row| row.ids().len()).sum::<usize>();
    group.section.may_be_counted() && shown() < group.all.len()
}

/// A group's heading, with the reasons of machines, which the heading of people says in words.
fn heading(group: &Group<'_>, rows: usize, width: usize) -> String {
    let count = if group.section.may_be_counted() || rows == group.all.len() {
        format!("({})", group.all.len())
    } else {
        format!("({rows} of {})", group.all.len())
    };
    let line = format!("{} {count}", group.heading);
    let names = group.reasons.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    let named = format!("{line}: {names}");
    let fits = group.section.may_be_counted() && group.section != Section::Codes && named.len() <= width;
    wrapped(if fits { &named } else { &line }, HEADING_INDENT, width)
}

/// The line that speaks for a whole group, and says how all of it is seen.
fn counted(group: &Group<'_>, width: usize) -> String {
    let (command, others) = way(group);
    let (what, how) = (format!("{} ({}):", group.heading, group.all.len()), format!("{command}{others}"));
    if what.len() + 1 + how.len() <= width {
        return format!("{what} {how}\n");
    }
    // A command that is broken cannot be copied.
    format!("{what}\n{:HEADING_INDENT$}{}", "", wrapped(&how, HEADING_INDENT, width))
}

/// The command that shows a group, or the most of it, and the other words that it takes for the rest.
fn way(group: &Group<'_>) -> (String, String) {
    let Some((first, others)) = group.reasons.split_first() else { return ("countersign held".into(), String::new()) };
    let mut names: Vec<String> = others.iter().take(NAMES).map(|name| (*name).to_owned()).collect();
    match others.len().saturating_sub(NAMES) {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    let command = format!("countersign held --reason {first}");
    (command, if names.is_empty() { String::new() } else { format!(" (or {})", names.join(", ")) })
}
