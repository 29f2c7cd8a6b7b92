//! What plots are drawn with: colours, axes, and text.
use core::{error::Error, ops::Range};
use plotters::{
    coord::{
        Shift,
        ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
    },
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

/// Coordinates are whole numbers, so that plots are drawn this many times as large as they are shown.
pub(super) const SCALE: i32 = 2;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
pub(super) type Drawn = Result<(), Box<dyn Error>>;

// Each colour has its counterpart for the dark in the page's style. The bright ones are those of Okabe and Ito, which
// the colour-blind tell apart.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const FAINT: RGBColor = RGBColor(0x66, 0x66, 0x66);
pub(super) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
pub(super) const SHADE: RGBColor = RGBColor(0xEE, 0xEE, 0xEE);
pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
pub(super) const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
pub(super) const RED: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
pub(super) const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);

/// Draws on an area so large, in the pixels of the page, and returns it as SVG.
pub(super) fn drawing(
    width: i32,
    height: i32,
    paint: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<String, Box<dyn Error>> {
    let size = |length: i32| u32::try_from(length * SCALE).unwrap_or(1);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (size(width), size(height))).into_drawing_area();
        paint(&area)?;
        area.present()?;
    }
    Ok(svg)
}

/// Text of so many pixels.
pub(super) fn text(color: RGBColor, size: i32, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", size * SCALE).into_font();
    TextStyle { font, color: color.to_backend_color(), pos: Pos::new(horizontal, vertical) }
}

/// How wide such a text is, about.
pub(super) fn text_width(text: &str, size: i32) -> i32 {
    let count = i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100);
    // Of usual sans-serifs, a character is a bit more than half as wide as high.
    count.saturating_mul(size) * 29 / 50
}

/// One axis: its name, from where to where, and what is written where.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) name: String,
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From nothing to `max`, with about so many round ticks.
    pub(super) fn up_to(name: &str, max: f64, ticks: u32) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let step = round_step(max / f64::from(ticks.max(1)));
        let ticks = (0..=ticks * 3).map(|index| f64::from(index) * step).take_while(|tick| *tick <= max * 1.000_001);
        let digits = if step < 1.0 { usize::try_from((-step.log10()).ceil() as i32).unwrap_or(0) } else { 0 };
        let ticks = ticks.map(|tick| (tick, with_thousands(tick, digits))).collect();
        Self { name: name.to_owned(), range: 0.0..max, ticks }
    }

    /// The time of a story, in the unit that suits it.
    pub(super) fn story_time(seconds: f64) -> Self {
        let (unit, name) = match seconds {
            _ if seconds < 300.0 => (1.0, "time since the beginning, in seconds"),
            _ if seconds < 4.0 * 3_600.0 => (60.0, "time since the beginning, in minutes"),
            _ => (3_600.0, "time since the beginning, in hours"),
        };
        let mut axis = Self::up_to(name, seconds / unit, 10);
        axis.range.end *= unit;
        axis.ticks.iter_mut().for_each(|(at, _)| *at *= unit);
        axis
    }

    /// A share of something.
    pub(super) fn shares(name: &str) -> Self {
        let ticks = [0, 25, 50, 75, 100].map(|percent| (f64::from(percent) / 100.0, format!("{percent} %")));
        Self { name: name.to_owned(), range: 0.0..1.02, ticks: ticks.into() }
    }

    /// Orders of magnitude; what is drawn has to be the logarithm to base 10. `say` writes a value.
    pub(super) fn magnitudes(name: &str, min: f64, max: f64, say: impl Fn(f64) -> String) -> Self {
        let (from, to) = (min.log10().floor(), max.log10().max(min.log10() + 0.01).ceil());
        let magnitudes = (0..=20).map(|index| from + f64::from(index)).take_while(|exponent| *exponent <= to);
        let ticks = magnitudes.map(|exponent| (exponent, say(10f64.powf(exponent)))).collect();
        Self { name: name.to_owned(), range: from..to, ticks }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        // Rounded to a pixel, of which there are some thousands.
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.iter().map(|(at, _)| *at).collect() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, at: &f64) -> String {
        let nearest = self.ticks.iter().min_by(|(one, _), (other, _)| (one - at).abs().total_cmp(&(other - at).abs()));
        nearest.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// How much room a chart leaves at its edges, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margins {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    /// For the ticks and the name of the horizontal axis; 0 for a chart without one.
    pub(super) bottom: i32,
}

/// Axes to draw between.
pub(super) fn chart<'a, 'b>(
    area: &'a Area<'b>,
    x: &Axis,
    y: &Axis,
    margins: Margins,
) -> Result<Chart<'a, 'b>, Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(margins.top * SCALE)
        .margin_right(margins.right * SCALE)
        .x_label_area_size(margins.bottom * SCALE)
        .y_label_area_size(margins.left * SCALE)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let mut mesh = chart.configure_mesh();
    mesh.axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .label_style(text(FAINT, 12, HPos::Left, VPos::Top))
        .axis_desc_style(text(FAINT, 12, HPos::Left, VPos::Top))
        .x_labels(x.ticks.len())
        .y_labels(y.ticks.len())
        .set_all_tick_mark_size(4 * SCALE);
    if !x.name.is_empty() && margins.bottom > 0 {
        mesh.x_desc(x.name.as_str());
    }
    if !y.name.is_empty() {
        mesh.y_desc(y.name.as_str());
    }
    mesh.draw()?;
    Ok(chart)
}

/// Vertical lines with labels above the chart that was drawn on `area`, each label in a row of its own, so that none can
/// cover another.
pub(super) fn labelled_lines(area: &Area<'_>, chart: &Chart<'_, '_>, lines: &[(f64, String)]) -> Drawn {
    let plot = chart.plotting_area();
    // Both count from the corner of the whole drawing; what we draw, `area` counts from its own.
    let ((left, up), (horizontal, vertical)) = (area.get_base_pixel(), plot.get_pixel_range());
    let placed = lines.iter().map(|(at, label)| (plot.map_coordinate(&(*at, 0.0)).0, label));
    // A label stands on that side of its line on which there is more room.
    let (mut leading, mut trailing): (Vec<_>, Vec<_>) =
        placed.partition(|(x, _)| 2 * x <= horizontal.start + horizontal.end);
    // Where no line passes through a label of the others: the farther from the middle, the longer the line.
    leading.sort_by_key(|(x, _)| *x);
    trailing.sort_by_key(|(x, _)| core::cmp::Reverse(*x));
    let leading = leading.into_iter().map(|placed| (placed, 5, HPos::Left));
    let trailing = trailing.into_iter().map(|placed| (placed, -5, HPos::Right));
    for (row, ((x, label), shift, side)) in (0..).zip(leading.chain(trailing)) {
        let top = row * ROW * SCALE;
        area.draw(&PathElement::new([(x - left, top), (x - left, vertical.end - up)], FAINT.stroke_width(2)))?;
        area.draw(&Text::new(label.clone(), (x - left + shift * SCALE, top), text(INK, 12, side, VPos::Top)))?;
    }
    Ok(())
}

/// The height of a row of labels.
const ROW: i32 = 16;

/// The room that so many labelled lines take above a chart, in pixels.
pub(super) fn headroom(lines: usize) -> i32 {
    i32::try_from(lines).unwrap_or(0) * ROW + 4
}

/// 1, 2 or 5 times a power of ten: the least that is not less.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let rounded = [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|round| *round >= step * 0.999_999);
    rounded.unwrap_or(10.0 * power)
}

fn with_thousands(number: f64, digits: usize) -> String {
    if number >= 1_000.0 {
        return super::super::words::count(number.round() as u64);
    }
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let said = |axis: Axis| axis.ticks.into_iter().map(|(_, said)| said).collect::<Vec<_>>().join(" ");
        assert_eq!(said(Axis::up_to("", 61.7, 6)), "0 20 40 60");
        assert_eq!(said(Axis::up_to("", 0.7, 6)), "0.0 0.2 0.4 0.6");
        assert_eq!(said(Axis::up_to("", 4_100.0, 4)), "0 2,000 4,000");
        assert_eq!(said(Axis::up_to("", 0.0, 4)), "0.0 0.5 1.0");
        assert_eq!(said(Axis::story_time(900.0)), "0 2 4 6 8 10 12 14");
        assert_eq!(
            said(Axis::magnitudes("", 0.003, 40.0, |value| format!("{value:.3}"))),
            "0.001 0.010 0.100 1.000 10.000 100.000"
        );
    }
}
