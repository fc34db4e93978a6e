//! The page: tables in Markdown, and what was left out.

use std::fmt::Write;

use crate::growth::Panel;

/// What is measured and what the words mean; the figures are put in.
const FRAME: &str = include_str!("page.md");

#[derive(Debug, Default)]
pub struct Page {
    tables: String,
    panels: Vec<Panel>,
    left_out: Vec<String>,
}

/// One table.
#[derive(Debug)]
pub struct Table {
    title: String,
    text: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a text below the title that says what is special about it.
    pub fn new(title: &str, text: &str, header: &[&str]) -> Table {
        let header = header.iter().map(|word| (*word).to_owned()).collect();
        Table { title: title.to_owned(), text: text.to_owned(), header, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.header.len(), "{}: {cells:?}", self.title);
        self.rows.push(cells);
    }

    fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.text);
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text.push_str(&line(&self.header));
        let alignment: Vec<String> =
            (0..self.header.len()).map(|at| if at == 0 { "---" } else { "---:" }.to_owned()).collect();
        text.push_str(&line(&alignment));
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        text
    }
}

impl Page {
    pub fn add(&mut self, table: &Table) {
        writeln!(self.tables, "{}", table.markdown()).unwrap();
    }

    pub fn draw(&mut self, panel: Panel) {
        self.panels.push(panel);
    }

    pub fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// Says that something could not be measured, here and on standard error.
    pub fn leave_out(&mut self, what: String) {
        eprintln!("left out: {what}");
        self.left_out.push(what);
    }

    /// The whole page; `graph` is the name of the file beside it.
    pub fn text(&self, machine: &str, graph: &str) -> String {
        let mut left_out: String = self.left_out.iter().map(|what| format!("* {what}\n")).collect();
        if left_out.is_empty() {
            left_out.push_str("Nothing.\n");
        }
        FRAME
            .replace("{machine}\n", machine)
            .replace("{graph}", graph)
            .replace("{left out}\n", &left_out)
            .replace("{tables}\n", self.tables.trim_end())
            + "\n"
    }
}

/// With a comma between thousands.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds as milliseconds.
pub fn milliseconds(microseconds: u64) -> String {
    let value = microseconds as f64 / 1_000.0;
    if value < 100.0 { format!("{value:.2}") } else { number(value.round() as u64) }
}

/// Bytes as people write them.
pub fn bytes(bytes: usize) -> String {
    match bytes {
        0x4000_0000.. => format!("{} GB", bytes >> 30),
        0x10_0000.. => format!("{} MB", bytes >> 20),
        _ => format!("{} KB", bytes >> 10),
    }
}
