//! Plots over the time of the story: one strip below another, under a lane that says what happened.
use super::{
    ink::{
        Area, Axis, BLUE, Chart, Drawn, FAINT, GREEN, GRID, INK, Margins, ORANGE, PURPLE, RED, SCALE, SHADE, chart,
        drawing, text, text_width,
    },
    marks::Marks,
};
use crate::program::sim::{findings::Findings, words::rate};
use core::error::Error;
use gossip_core::sim::story::Sample;
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, VPos},
};

const WIDTH: i32 = 980;
const LEFT: i32 = 190;
const RIGHT: i32 = 24;
/// The lane has two rows of labels.
const ROW: i32 = 18;
const LANE: i32 = 2 * ROW + 12;
const AXIS: i32 = 44;

/// One quantity over time.
struct Strip {
    name: &'static str,
    unit: &'static str,
    color: RGBColor,
    max: f64,
    height: i32,
    /// From each moment on, up to the next.
    steps: Vec<(f64, f64)>,
    /// What it is compared with.
    behind: Vec<(f64, f64)>,
    said_max: String,
}

/// How many of those that live see all, know the same, and claim agreement; and who erred.
pub(super) fn agreement(samples: &[Sample], marks: &Marks) -> Result<String, Box<dyn Error>> {
    let live = steps(samples, |sample| sample.live as f64);
    let nodes = |name, color, value: fn(&Sample) -> usize| {
        let max = samples.iter().map(|sample| sample.live).max().unwrap_or(1) as f64;
        let steps = steps(samples, |sample| value(sample) as f64);
        Strip {
            name,
            unit: "nodes",
            color,
            max,
            height: 74,
            steps,
            behind: live.clone(),
            said_max: rate(max).replace(".00", "").replace(".0", ""),
        }
    };
    let errors = |name, color, value: fn(&Sample) -> u64| {
        let steps = steps(samples, |sample| value(sample) as f64);
        let max = steps.iter().map(|(_, value)| *value).fold(1.0, f64::max);
        Strip {
            name,
            unit: "so far",
            color,
            max,
            height: 52,
            steps,
            behind: Vec::new(),
            said_max: rate(max).replace(".00", "").replace(".0", ""),
        }
    };
    let strips = [
        nodes("see all that live", BLUE, |sample| sample.full),
        nodes("know the same", GREEN, |sample| sample.agreeing),
        nodes("claim agreement", ORANGE, |sample| sample.converged),
        errors("false suspicions", PURPLE, |sample| sample.false_suspicions),
        errors("false deaths", RED, |sample| sample.false_deaths),
    ];
    let end = samples.last().map_or(1.0, |sample| sample.at.as_secs_f64());
    stack(&strips, marks, end)
}

/// What a node sends in a second.
pub(super) fn cost(findings: &Findings, marks: &Marks) -> Result<String, Box<dyn Error>> {
    let timeline = &findings.timeline;
    let strip = |name, unit, color, rates: &[f64]| {
        let at = |index: usize| index as f64 * timeline.step;
        let mut steps: Vec<(f64, f64)> = rates.iter().enumerate().map(|(index, rate)| (at(index), *rate)).collect();
        steps.push((at(rates.len()), rates.last().copied().unwrap_or(0.0)));
        let max = rates.iter().copied().fold(0.0, f64::max).max(1.0);
        Strip { name, unit, color, max, height: 92, steps, behind: Vec::new(), said_max: rate(max) }
    };
    let strips = [
        strip("bytes", "a node and second", BLUE, &timeline.bytes),
        strip("datagrams", "a node and second", GREEN, &timeline.datagrams),
    ];
    stack(&strips, marks, findings.time)
}

/// Values where they change, and in the end.
fn steps(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        let value = value(sample);
        if index + 1 == samples.len() || steps.last().is_none_or(|(_, last)| *last != value) {
            steps.push((sample.at.as_secs_f64(), value));
        }
    }
    steps
}

fn stack(strips: &[Strip], marks: &Marks, end: f64) -> Result<String, Box<dyn Error>> {
    let height = LANE + strips.iter().map(|strip| strip.height).sum::<i32>() + AXIS;
    let time = Axis::story_time(end.max(1e-3));
    drawing(WIDTH, height, |area| {
        let (lane, mut rest) = area.split_vertically(LANE * SCALE);
        draw_lane(&lane, &time, marks)?;
        for (index, strip) in strips.iter().enumerate() {
            let is_last = index + 1 == strips.len();
            let bottom = if is_last { AXIS } else { 0 };
            let (part, below) = rest.split_vertically((strip.height + bottom) * SCALE);
            draw_strip(&part, strip, &time, bottom, marks)?;
            rest = below;
        }
        Ok(())
    })
}

/// What happened, above the strips, at its time.
fn draw_lane(area: &Area<'_>, time: &Axis, marks: &Marks) -> Drawn {
    let mut taken = [i32::MIN; 2];
    let x = |at: f64| SCALE * LEFT + (at / time.range.end * f64::from(SCALE * (WIDTH - LEFT - RIGHT))) as i32;
    let spans = marks.spans.iter().map(|span| (span.from, Some(span.to), &span.label));
    let mut labels: Vec<_> = spans.chain(marks.moments.iter().map(|moment| (moment.at, None, &moment.label))).collect();
    labels.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    for (from, to, label) in labels {
        let width = SCALE * text_width(label, 12);
        // At the right edge, a label ends where its moment is.
        let left = if x(from) + width + 10 * SCALE > SCALE * WIDTH { x(from) - width } else { x(from) + 4 * SCALE };
        let Some(row) = taken.iter().position(|end| *end < left) else { continue };
        taken[row] = left + width + 12 * SCALE;
        let top = i32::try_from(row).unwrap_or(0) * ROW * SCALE;
        if let Some(to) = to {
            let bar = [(x(from), top), (x(to).max(x(from) + SCALE), top + (ROW - 2) * SCALE)];
            area.draw(&Rectangle::new(bar, GRID.filled()))?;
            taken[row] = taken[row].max(x(to) + 4 * SCALE);
        }
        area.draw(&Text::new(label.clone(), (left, top + 2 * SCALE), text(INK, 12, HPos::Left, VPos::Top)))?;
        area.draw(&PathElement::new([(x(from), top), (x(from), LANE * SCALE)], FAINT.stroke_width(2)))?;
    }
    if !marks.news.is_empty() {
        let style = text(FAINT, 12, HPos::Right, VPos::Bottom);
        area.draw(&Text::new("published or written", ((LEFT - 8) * SCALE, LANE * SCALE), style))?;
    }
    for &at in &marks.news {
        area.draw(&PathElement::new([(x(at), (LANE - 8) * SCALE), (x(at), (LANE - 1) * SCALE)], INK.stroke_width(2)))?;
    }
    Ok(())
}

fn draw_strip(area: &Area<'_>, strip: &Strip, time: &Axis, bottom: i32, marks: &Marks) -> Drawn {
    let y = Axis {
        name: String::new(),
        range: 0.0..strip.max * 1.05,
        ticks: vec![(0.0, "0".to_owned()), (strip.max, strip.said_max.clone())],
    };
    let margins = Margins { left: LEFT, right: RIGHT, top: 8, bottom };
    let mut chart = chart(area, time, &y, margins)?;
    for span in &marks.spans {
        chart.draw_series([Rectangle::new([(span.from, 0.0), (span.to, y.range.end)], SHADE.filled())])?;
    }
    step_area(&mut chart, &strip.behind, FAINT.mix(0.25), None)?;
    step_area(&mut chart, &strip.steps, strip.color.mix(0.45), Some(strip.color))?;
    for moment in &marks.moments {
        chart.draw_series([PathElement::new([(moment.at, 0.0), (moment.at, y.range.end)], FAINT.stroke_width(1))])?;
    }
    let middle = (8 + (strip.height - 8) / 2) * SCALE;
    area.draw(&Text::new(strip.name, (4 * SCALE, middle - SCALE), text(strip.color, 14, HPos::Left, VPos::Bottom)))?;
    area.draw(&Text::new(strip.unit, (4 * SCALE, middle + SCALE), text(FAINT, 12, HPos::Left, VPos::Top)))?;
    Ok(())
}

/// A quantity that holds from one moment to the next.
fn step_area(chart: &mut Chart<'_, '_>, steps: &[(f64, f64)], fill: RGBAColor, line: Option<RGBColor>) -> Drawn {
    let mut path = Vec::with_capacity(2 * steps.len());
    for (index, &(at, value)) in steps.iter().enumerate() {
        if let Some((_, before)) = index.checked_sub(1).and_then(|before| steps.get(before)) {
            path.push((at, *before));
        }
        path.push((at, value));
    }
    chart.draw_series(AreaSeries::new(path.iter().copied(), 0.0, fill))?;
    if let Some(color) = line {
        chart.draw_series(LineSeries::new(path, color.stroke_width(3)))?;
    }
    Ok(())
}
