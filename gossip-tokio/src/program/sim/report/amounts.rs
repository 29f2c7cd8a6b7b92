//! How much: bytes by node, and by kind of frame.
use super::ink::{Axis, BLUE, FAINT, GREEN, INK, Margins, SCALE, chart, drawing, headroom, labelled_lines, text};
use crate::program::sim::{
    figures::{Dist, histogram},
    findings::Findings,
    words::{count, percent, rate},
};
use core::error::Error;
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, VPos},
};

const WIDTH: i32 = 480;
const HEIGHT: i32 = 320;

/// How many nodes send how many bytes a second.
pub(super) fn by_node(rates: &[f64], dist: Dist) -> Result<String, Box<dyn Error>> {
    let x = Axis::up_to("bytes sent a second", dist.max * 1.02, 5);
    let bars = histogram(rates.iter().copied(), x.range.end);
    let most = bars.iter().map(|bar| bar.count).fold(1.0, f64::max);
    let y = Axis::up_to("nodes", most * 1.02, 5);
    let lines = [(dist.median, "median"), (dist.p99, "p99"), (dist.max, "most")];
    let lines = lines.map(|(value, name)| (value, format!("{name} {}", rate(value))));
    drawing(WIDTH, HEIGHT, |area| {
        let margins = Margins { left: 62, right: 26, top: headroom(lines.len()), bottom: 44 };
        let mut chart = chart(area, &x, &y, margins)?;
        chart.draw_series(bars.iter().map(|bar| Rectangle::new(bar.corners(), BLUE.mix(0.7).filled())))?;
        labelled_lines(area, &chart, &lines)
    })
}

/// Which frames make up the bytes.
pub(super) fn by_frame(findings: &Findings) -> Result<String, Box<dyn Error>> {
    const LEFT: i32 = 124;
    const RIGHT: i32 = 150;
    const ROW: i32 = 24;
    let rows = i32::try_from(findings.frames.len()).unwrap_or(0);
    let most = findings.frames.first().map_or(1, |frames| frames.bytes).max(1) as f64;
    let all = findings.datagrams.bytes_sent.max(1) as f64;
    drawing(WIDTH, rows.max(1) * ROW + 12, |area| {
        for (row, frames) in (0..).zip(&findings.frames) {
            let top = (row * ROW + 6) * SCALE;
            let middle = top + (ROW / 2 - 2) * SCALE;
            // A share of what fits.
            let length = (frames.bytes as f64 / most * f64::from((WIDTH - LEFT - RIGHT) * SCALE)) as i32;
            let bar = [(LEFT * SCALE, top), (LEFT * SCALE + length.max(SCALE), top + (ROW - 6) * SCALE)];
            area.draw(&Rectangle::new(bar, GREEN.mix(0.7).filled()))?;
            let name = text(INK, 13, HPos::Right, VPos::Center);
            area.draw(&Text::new(frames.kind, ((LEFT - 8) * SCALE, middle), name))?;
            let said = format!("{}, {} frames", percent(frames.bytes as f64 / all), count(frames.frames));
            let at = (LEFT * SCALE + length + 6 * SCALE, middle);
            area.draw(&Text::new(said, at, text(FAINT, 12, HPos::Left, VPos::Center)))?;
        }
        Ok(())
    })
}
