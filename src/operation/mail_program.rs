//! Where the user's mail programs keep sent mail and address books, as their own settings say.
//!
//! Promises: only what a setting says plainly; a value that its program would work out (variables, commands, servers) says
//! nothing. Never touches: whether there is anything at those places.

use std::path::{Path, PathBuf};

use crate::operation::rules::lines_that_count;
use crate::world::surroundings;

/// Where mutt and neomutt look for their settings, below the home.
const MUTTRCS: [&str; 6] =
    [".muttrc", ".mutt/muttrc", ".config/mutt/muttrc", ".neomuttrc", ".neomutt/neomuttrc", ".config/neomutt/neomuttrc"];
/// The settings in which `path = …` names a folder with address books among others.
const WITH_PATHS: [&str; 3] = [".config/khard/khard.conf", ".config/vdirsyncer/config", ".vdirsyncer/config"];

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Where sent mail is kept.
    pub sent: Vec<PathBuf>,
    /// Files of aliases.
    pub aliases: Vec<PathBuf>,
    /// Folders that may hold cards.
    pub cards: Vec<PathBuf>,
}

/// What the settings in this home name.
#[must_use]
pub fn named(home: &Path) -> Named {
    let mut found = Named::default();
    for file in MUTTRCS.map(|name| home.join(name)) {
        let Some(text) = surroundings::text_of(&file) else { continue };
        let of_mutt = mutt(&text, home);
        found.sent.extend(of_mutt.sent);
        found.aliases.extend(of_mutt.aliases);
        // Where no other file is named, mutt writes them into its settings.
        found
            .aliases
            .extend(lines_that_count(&text).any(|line| line.trim_start().starts_with("alias ")).then_some(file));
    }
    for text in WITH_PATHS.iter().filter_map(|name| surroundings::text_of(&home.join(name))) {
        let values =
            lines_that_count(&text).filter_map(|line| line.split_once('=')).filter(|(n, _)| n.trim() == "path");
        let values = values.map(|(_, value)| value.trim().trim_matches(['"', '\'']));
        found.cards.extend(values.filter_map(|value| in_home(value, home)));
    }
    found
}

/// What mutt's settings name.
fn mutt(text: &str, home: &Path) -> Named {
    let all: Vec<(String, String)> = lines_that_count(text).flat_map(assignments).collect();
    let last = |name: &str| all.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.as_str());
    let folder = last("folder").map_or(Some(home.join("Mail")), |value| in_home(value, home));
    let place = |value: &str| match value.strip_prefix(['+', '=']) {
        Some(below) => Some(folder.clone()?.join(below)),
        None => in_home(value, home),
    };
    Named {
        sent: last("record").and_then(place).into_iter().collect(),
        aliases: last("alias_file").and_then(|value| in_home(value, home)).into_iter().collect(),
        cards: Vec::new(),
    }
}

/// The names and values of `set a=b c="d e"`; whatever else a line does is passed over.
fn assignments(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(mut rest) = line.trim_start().strip_prefix("set").filter(|rest| rest.starts_with([' ', '\t'])) else {
        return found;
    };
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return found;
        }
        rest = after;
        let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else { continue };
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => value.get(1..).and_then(|value| value.split_once(quote)).unwrap_or_default(),
            None => value.split_at(value.find([' ', '\t', ';', '#']).unwrap_or(value.len())),
        };
        found.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
}

/// A path as it is, or below the home; none where a program or a server would be asked.
fn in_home(value: &str, home: &Path) -> Option<PathBuf> {
    if value.contains(['$', '`', '*', '?']) || value.contains("://") {
        return None;
    }
    let path = value.strip_prefix("~/").map_or_else(|| PathBuf::from(value), |below| home.join(below));
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Vec<String> {
        mutt(text, Path::new("/h")).sent.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn where_mutt_keeps_sent_mail_is_read_where_it_is_said_plainly() {
        for (text, wanted) in [
            ("set record=~/sent", "/h/sent"),
            ("set record = \"~/Mail/Sent Items\" # mine", "/h/Mail/Sent Items"),
            ("set folder=~/mail record='+sent'", "/h/mail/sent"),
            ("set record==sent-mail", "/h/Mail/sent-mail"),
            ("set copy record=/var/sent; set x=y", "/var/sent"),
            ("set record=~/one\nset record=~/two", "/h/two"),
            ("  set\trecord=~/sent", "/h/sent"),
        ] {
            assert_eq!(sent(text), [wanted], "{text}");
        }
        for text in [
            "set record=\"\"",
            "set record=^",
            "set record=$HOME/sent",
            "set record=\"`date +sent`\"",
            "set folder=imaps://mail.example.org\nset record=+Sent",
            "set record=imaps://mail.example.org/Sent",
            "# set record=~/sent",
            "settle record=~/sent",
            "set record",
            "set record=\"~/sent",
            "unset record",
        ] {
            assert_eq!(sent(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn address_books_are_where_the_settings_say() {
        let home = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(".muttrc", "alias bob bob@example.net\nset alias_file=~/.mutt/people\n");
        put(".config/khard/khard.conf", "[addressbooks]\n[[home]]\npath = ~/cards/home/\n[[x]]\npath=~/cards/*\n");
        put(".config/vdirsyncer/config", "status_path = \"/s\"\npath = \"/srv/cards\"\n");
        let found = named(home.path());
        assert_eq!(found.aliases, [home.path().join(".mutt/people"), home.path().join(".muttrc")]);
        assert_eq!(found.cards, [home.path().join("cards/home/"), PathBuf::from("/srv/cards")]);
    }
}
