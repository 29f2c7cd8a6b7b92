//! Who knew when: news, and crashes.
use super::ink::{Axis, BLUE, FAINT, GREEN, INK, Margins, RED, SCALE, chart, drawing, headroom, labelled_lines, text};
use crate::program::sim::{
    figures::{Dist, Progress, histogram, seconds},
    findings::{CrashSeen, Telling},
    words::time,
};
use core::error::Error;
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, VPos},
};

const WIDTH: i32 = 480;
const HEIGHT: i32 = 320;
/// A curve needs no more points, and a plot no more curves.
const POINTS_MAX: usize = 64;
const CURVES_MAX: usize = 200;
/// More crashes than these have no room for a line of their own.
const CRASHES_MAX: usize = 30;
/// Something that is known at once would have no place among orders of magnitude.
const LEAST: f64 = 1e-4;

/// What kind of news a plot is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rumors,
    Writes,
}

/// The share of nodes that know, over the time since the news was given out; a curve for each.
pub(super) fn news(kind: Kind, telling: &Telling) -> Result<Option<String>, Box<dyn Error>> {
    let Some(told) = telling.told else { return Ok(None) };
    let color = if kind == Kind::Rumors { BLUE } else { GREEN };
    let first = telling.each.iter().filter_map(|progress| progress.nth(1)).min().unwrap_or_default();
    let x = Axis::magnitudes(
        "time since it was given out",
        first.as_secs_f64().max(LEAST),
        told.max.max(10.0 * LEAST),
        magnitude,
    );
    let y = Axis::shares("nodes that know");
    let lines = landmarks([("median", told.median), ("p99", told.p99), ("last", told.max)]);
    let lines = lines.map(|(seconds, label)| (seconds.max(LEAST).log10(), label));
    drawing(WIDTH, HEIGHT, |area| {
        let margins = Margins { left: 62, right: 26, top: headroom(lines.len()), bottom: 44 };
        let mut chart = chart(area, &x, &y, margins)?;
        let every = telling.each.len().div_ceil(CURVES_MAX).max(1);
        for progress in telling.each.iter().step_by(every) {
            let curve = curve(progress).into_iter().map(|(at, share)| (at.max(LEAST).log10(), share));
            chart.draw_series(LineSeries::new(curve, color.mix(0.6).stroke_width(3)))?;
        }
        labelled_lines(area, &chart, &lines)
    })
    .map(Some)
}

/// How long after a crash the others were told: all of them taken together, and a line for each crash.
pub(super) fn detection(crashes: &[CrashSeen], told: Dist) -> Result<String, Box<dyn Error>> {
    let mut rows: Vec<&CrashSeen> = crashes.iter().filter(|crash| crash.told > 0).collect();
    let last = |crash: &CrashSeen| crash.progress.times.last().copied();
    rows.sort_by_key(|crash| last(crash));
    let every = rows.len().div_ceil(CRASHES_MAX).max(1);
    // The slowest is always among them.
    let rows: Vec<&CrashSeen> = rows.into_iter().rev().step_by(every).collect();
    let (count, row_height) = (i32::try_from(rows.len()).unwrap_or(0), if rows.len() <= 12 { 20 } else { 9 });
    let x = Axis::up_to("seconds since the crash", told.max * 1.02, 6);
    let first = crashes.iter().filter_map(|crash| crash.first).fold(told.max, f64::min);
    let lines = landmarks([("first", first), ("median", told.median), ("last", told.max)]);
    let above = 190;
    drawing(WIDTH, above + count * row_height + 56, |area| {
        let (upper, lower) = area.split_vertically(above * SCALE);
        let times = crashes.iter().flat_map(|crash| &crash.progress.times).map(seconds);
        let bars = histogram(times, x.range.end);
        let most = bars.iter().map(|bar| bar.count).fold(1.0, f64::max);
        let y = Axis::up_to("times told", most, 3);
        let margins = Margins { left: 72, right: 26, top: headroom(lines.len()), bottom: 0 };
        let mut chart_of_all = chart(&upper, &x, &y, margins)?;
        chart_of_all.draw_series(bars.iter().map(|bar| Rectangle::new(bar.corners(), RED.mix(0.7).filled())))?;
        labelled_lines(&upper, &chart_of_all, &lines)?;

        let y = Axis { name: String::new(), range: 0.0..f64::from(count.max(1)), ticks: Vec::new() };
        let mut lanes = chart(&lower, &x, &y, Margins { left: 72, right: 26, top: 8, bottom: 44 })?;
        for (index, crash) in rows.iter().rev().enumerate() {
            let y = index as f64 + 0.5;
            let times = &crash.progress.times;
            let ends = [times.first(), times.last()].map(|time| (time.map_or(0.0, |time| time.as_secs_f64()), y));
            lanes.draw_series([PathElement::new(ends, RED.mix(0.5).stroke_width(4))])?;
            lanes.draw_series(ends.map(|at| Circle::new(at, 2 * SCALE, FAINT.filled())))?;
            let median = times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64());
            lanes.draw_series([Circle::new((median, y), 3 * SCALE, INK.filled())])?;
            if row_height >= 14 {
                let (_, pixel) = lanes.plotting_area().map_coordinate(&(0.0, y));
                let (_, base) = lower.get_base_pixel();
                let name = crash.host.chars().take(9).collect::<String>();
                lower.draw(&Text::new(name, (64 * SCALE, pixel - base), text(FAINT, 12, HPos::Right, VPos::Center)))?;
            }
        }
        Ok(())
    })
}

/// The share of nodes by time, in so few points that a plot stays small.
fn curve(progress: &Progress) -> Vec<(f64, f64)> {
    let count = progress.times.len();
    let whole = progress.whole.max(count).max(1) as f64;
    let points = count.min(POINTS_MAX);
    let mut curve = Vec::with_capacity(points + 1);
    for point in 1..=points {
        let nth = (count * point).div_ceil(points);
        if let Some(at) = progress.nth(nth) {
            curve.push((at.as_secs_f64(), nth as f64 / whole));
        }
    }
    if let Some((first, _)) = curve.first().copied() {
        curve.insert(0, (first, 0.0));
    }
    curve
}

fn landmarks(times: [(&str, f64); 3]) -> [(f64, String); 3] {
    times.map(|(name, seconds)| (seconds, format!("{name} {}", time(seconds))))
}

/// A power of ten, in seconds.
fn magnitude(seconds: f64) -> String {
    match seconds {
        _ if seconds > 0.5 => format!("{seconds:.0} s"),
        _ if seconds > 0.000_5 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{:.0} µs", seconds * 1e6),
    }
}
