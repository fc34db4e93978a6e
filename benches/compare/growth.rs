//! The graph: instructions of one run over what grows, both axes logarithmic.
//!
//! Promises: one SVG file without script or foreign font. Never touches: figures.

use std::fmt::Write;

/// Width and height of one panel, and the room around its lines.
const WIDTH: f64 = 470.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 48.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;
/// Room on the right for the names of the lines.
const NAMES: f64 = 150.0;
const COLOURS: [&str; 10] =
    ["#e07b00", "#6b8e23", "#1b6ca8", "#c8553d", "#3a7d44", "#8a5a9e", "#b8860b", "#4d4d4d", "#2a9d8f", "#d1495b"];

/// One panel with its lines.
#[derive(Clone, Debug)]
pub struct Panel {
    pub title: String,
    /// What is written below the axis.
    pub over: String,
    pub lines: Vec<Line>,
}

/// A line: what it shows, and its points.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    pub points: Vec<(u64, u64)>,
}

/// The whole file.
pub fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(2).max(1) as f64;
    let (width, height) = (2.0 * WIDTH, rows * HEIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let (x, y) = ((at % 2) as f64 * WIDTH, (at / 2) as f64 * HEIGHT);
        writeln!(out, "<g transform=\"translate({x} {y})\">\n{}</g>", panel.svg()).unwrap();
    }
    out + "</svg>\n"
}

impl Panel {
    fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let positive = points().map(|(x, _)| *x).filter(|x| *x > 0);
        let smallest = positive.min().unwrap_or(1) as f64;
        // Nothing has no logarithm: it stands a decade before the first number.
        let across = |x: u64| if x == 0 { smallest.log10() - 1.0 } else { (x as f64).log10() };
        let up = |y: u64| (y.max(1) as f64).log10();
        let (x0, x1) = range(points().map(|(x, _)| across(*x)));
        let (y0, y1) = range(points().map(|(_, y)| up(*y)));
        let (y0, y1) = (y0.floor(), y1.ceil().max(y0.floor() + 1.0));
        let (right, bottom) = (WIDTH - NAMES, HEIGHT - BOTTOM);
        let at_x = |x: f64| LEFT + (x - x0) / (x1 - x0) * (right - LEFT);
        let at_y = |y: f64| bottom - (y - y0) / (y1 - y0) * (bottom - TOP);
        let mut out = format!(
            "<text x=\"{LEFT}\" y=\"18\" font-size=\"13\" font-weight=\"bold\">{}: instructions</text>\n",
            self.title
        );
        writeln!(out, "<text x=\"{LEFT}\" y=\"{}\">{}</text>", HEIGHT - 8.0, self.over).unwrap();
        for power in y0 as i32..=y1 as i32 {
            let (y, name) = (at_y(f64::from(power)), short(10f64.powi(power) as u64));
            writeln!(out, "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>").unwrap();
            writeln!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>", LEFT - 6.0, y + 4.0).unwrap();
        }
        let mut steps: Vec<u64> = points().map(|(x, _)| *x).collect();
        steps.sort_unstable();
        steps.dedup();
        for step in steps {
            let x = at_x(across(step));
            writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#eee\"/>").unwrap();
            let y = bottom + 16.0;
            writeln!(out, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", short(step)).unwrap();
        }
        let names = spread(self.lines.iter().map(|line| line.points.last().map_or(bottom, |(_, y)| at_y(up(*y)))));
        for ((line, colour), name_y) in self.lines.iter().zip(COLOURS.iter().cycle()).zip(names) {
            let path: Vec<String> =
                line.points.iter().map(|(x, y)| format!("{:.1} {:.1}", at_x(across(*x)), at_y(up(*y)))).collect();
            writeln!(out, "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>", path.join("L"))
                .unwrap();
            let x = right + 8.0;
            writeln!(out, "<text x=\"{x}\" y=\"{name_y:.1}\" fill=\"{colour}\">{}</text>", line.name).unwrap();
        }
        out
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (low.min(0.0), low.min(0.0) + 1.0) }
}

/// Moves names apart that would stand on each other.
fn spread(wanted: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut places: Vec<(usize, f64)> = wanted.map(|y| y + 4.0).enumerate().collect();
    places.sort_by(|a, b| a.1.total_cmp(&b.1));
    for at in 1..places.len() {
        places[at].1 = places[at].1.max(places[at - 1].1 + 13.0);
    }
    places.sort_by_key(|(at, _)| *at);
    places.into_iter().map(|(_, y)| y).collect()
}

/// 10,000 as 10k.
fn short(number: u64) -> String {
    match number {
        1_000_000_000.. => format!("{}G", number / 1_000_000_000),
        1_000_000.. => format!("{}M", number / 1_000_000),
        1_000.. => format!("{}k", number / 1_000),
        _ => number.to_string(),
    }
}
