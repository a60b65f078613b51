//! Curves as SVG made on the server: a sparkline, and a chart with a limit and what is expected. The title of a
//! chart states the conclusion; the drawing is for the eye, the words for everybody.

use std::fmt::Write as _;

use maud::{Markup, html};

/// A curve below a figure. Samples that are not finite leave a gap.
pub fn spark(samples: &[f64]) -> Markup {
    let (low, high) = bounds(samples);
    let low = low.min(0.0);
    let width = samples.len().saturating_sub(1).max(1);
    let points: Vec<Option<(f64, f64)>> = samples
        .iter()
        .enumerate()
        .map(|(index, value)| {
            is_drawable(*value)
                .then(|| (as_f64(index) * 100.0 / as_f64(width), 34.0 - (value - low) / (high - low) * 30.0))
        })
        .collect();
    let line = path(&points);
    html! {
        svg.spark viewBox="0 0 100 36" preserveAspectRatio="none" aria-hidden="true" {
            path.area d=(area(&points, 36.0)) {}
            path d=(line) {}
        }
    }
}

/// A line that must not be crossed.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Where it lies.
    pub value: f64,
    /// What it is called: `95 % limit`.
    pub label: String,
}

/// What is expected from the last sample on.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// (x, low, middle, high), in order of x.
    pub steps: Vec<(f64, f64, f64, f64)>,
    /// Where the middle meets the limit, with its word: `2 Dec`.
    pub hit: Option<(f64, f64, String)>,
}

/// A chart. All x are in one unit, such as seconds.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Read aloud instead of the drawing: the conclusion with its figures.
    pub words: String,
    /// What was, in order of x.
    pub past: Vec<(f64, f64)>,
    /// Words under the axis: (x, word), such as `24 Oct`.
    pub axis: Vec<(f64, String)>,
    /// Lines across, with their words: (y, word).
    pub grid: Vec<(f64, String)>,
    /// What must not be crossed.
    pub limit: Option<Limit>,
    /// What is expected.
    pub forecast: Option<Forecast>,
}

/// Width and height of the drawings, so that letters keep their size in columns of any width.
const DRAWINGS: [(&str, (f64, f64)); 3] =
    [("chart wide", (720.0, 196.0)), ("chart middle", (500.0, 186.0)), ("chart narrow", (340.0, 176.0))];

/// The chart, drawn three times; the style sheet shows the one that fits.
pub fn chart(chart: &Chart) -> Markup {
    html! { div.drawings { @for (class, size) in DRAWINGS { (drawn(chart, size, class)) } } }
}

struct Frame {
    x: (f64, f64),
    y: (f64, f64),
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn of(chart: &Chart, (width, height): (f64, f64)) -> Self {
        let ahead = chart.forecast.iter().flat_map(|forecast| &forecast.steps).map(|step| step.0);
        let xs: Vec<f64> = chart.past.iter().map(|point| point.0).chain(ahead).collect();
        let ys: Vec<f64> = if chart.grid.is_empty() {
            chart
                .past
                .iter()
                .map(|point| point.1)
                .chain(chart.limit.iter().map(|limit| limit.value))
                .collect()
        } else {
            chart.grid.iter().map(|line| line.0).collect()
        };
        Self {
            x: bounds(&xs),
            y: bounds(&ys),
            left: 44.0,
            right: width - 12.0,
            top: 14.0,
            bottom: height - 26.0,
        }
    }

    fn at_x(&self, x: f64) -> f64 {
        self.left + (x - self.x.0) / (self.x.1 - self.x.0) * (self.right - self.left)
    }

    /// Values outside the frame are drawn at its edge.
    fn at_y(&self, y: f64) -> f64 {
        let y = y.clamp(self.y.0, self.y.1);
        self.bottom - (y - self.y.0) / (self.y.1 - self.y.0) * (self.bottom - self.top)
    }

    fn point(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        (is_drawable(x) && is_drawable(y)).then(|| (self.at_x(x), self.at_y(y)))
    }
}

fn drawn(chart: &Chart, size: (f64, f64), class: &str) -> Markup {
    let frame = Frame::of(chart, size);
    let past: Vec<_> = chart.past.iter().map(|(x, y)| frame.point(*x, *y)).collect();
    html! {
        svg class=(class) viewBox={ "0 0 " (size.0) " " (size.1) } role="img" aria-label=(chart.words) {
            @for (y, word) in &chart.grid {
                @let y = frame.at_y(*y);
                line.grid x1=(n(frame.left)) x2=(n(frame.right)) y1=(n(y)) y2=(n(y)) {}
                text x=(n(frame.left - 8.0)) y=(n(y + 4.0)) text-anchor="end" { (word) }
            }
            @for (x, word) in &chart.axis {
                text x=(n(frame.at_x(*x))) y=(n(size.1 - 6.0)) text-anchor=(anchor(&frame, *x)) { (word) }
            }
            @if let (Some(forecast), Some(last)) = (&chart.forecast, chart.past.last()) {
                line.now x1=(n(frame.at_x(last.0))) x2=(n(frame.at_x(last.0))) y1=(n(frame.top)) y2=(n(frame.bottom)) {}
                path.cone d=(cone(&frame, *last, forecast)) {}
            }
            @if let Some(limit) = &chart.limit { (limit_line(&frame, limit)) }
            path.past d=(path(&past)) {}
            @if let (Some(forecast), Some(last)) = (&chart.forecast, chart.past.last()) { (ahead(&frame, *last, forecast)) }
        }
    }
}

fn limit_line(frame: &Frame, limit: &Limit) -> Markup {
    let y = frame.at_y(limit.value);
    html! {
        line.limit x1=(n(frame.left)) x2=(n(frame.right)) y1=(n(y)) y2=(n(y)) {}
        text x=(n(frame.left + 6.0)) y=(n(y + 15.0)) { (limit.label) }
    }
}

fn ahead(frame: &Frame, last: (f64, f64), forecast: &Forecast) -> Markup {
    let middle: Vec<_> = std::iter::once(frame.point(last.0, last.1))
        .chain(forecast.steps.iter().map(|step| frame.point(step.0, step.2)))
        .collect();
    html! {
        path.expected d=(path(&middle)) {}
        @if let Some((x, y, word)) = &forecast.hit {
            circle.hit cx=(n(frame.at_x(*x))) cy=(n(frame.at_y(*y))) r="4" {}
            @let is_close = frame.at_x(*x) + 60.0 > frame.right;
            text.label x=(n(frame.at_x(*x) + if is_close { 4.0 } else { 8.0 })) y=(n(frame.at_y(*y) + 24.0))
                text-anchor=[is_close.then_some("middle")] { (word) }
        }
    }
}

fn cone(frame: &Frame, last: (f64, f64), forecast: &Forecast) -> String {
    let upper = forecast.steps.iter().filter_map(|step| frame.point(step.0, step.3));
    let lower = forecast.steps.iter().rev().filter_map(|step| frame.point(step.0, step.1));
    let points: Vec<_> =
        frame.point(last.0, last.1).into_iter().chain(upper).chain(lower).map(Some).collect();
    path(&points) + "z"
}

fn anchor(frame: &Frame, x: f64) -> &'static str {
    let share = (x - frame.x.0) / (frame.x.1 - frame.x.0);
    if share < 0.04 {
        "start"
    } else if share > 0.96 {
        "end"
    } else {
        "middle"
    }
}

/// Lowest and highest, apart by at least a little, so that a flat curve is a line and nothing divides by nought.
fn bounds(values: &[f64]) -> (f64, f64) {
    let finite = || values.iter().copied().filter(|value| is_drawable(*value));
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return (0.0, 1.0);
    }
    if high - low > f64::EPSILON * high.abs().max(1.0) {
        (low, high)
    } else {
        (low, low + low.abs().max(1.0))
    }
}

/// Far out, differences overflow; such a sample is a gap like one that is missing.
fn is_drawable(value: f64) -> bool {
    value.abs() < 1e300
}

/// A path through points; a missing one lifts the pen.
fn path(points: &[Option<(f64, f64)>]) -> String {
    let mut d = String::new();
    let mut is_down = false;
    for point in points {
        if let Some((x, y)) = point {
            let _ = write!(d, "{}{} {}", if is_down { " " } else { "M" }, n(*x), n(*y));
        }
        is_down = point.is_some();
    }
    d
}

/// The ground below each unbroken piece of a curve.
fn area(points: &[Option<(f64, f64)>], floor: f64) -> String {
    points.split(Option::is_none).filter(|piece| !piece.is_empty()).fold(String::new(), |mut d, piece| {
        let ends = (piece.first().copied().flatten(), piece.last().copied().flatten());
        if let (Some(first), Some(last)) = ends {
            let _ = write!(d, "{}L{} {} {} {}z", path(piece), n(last.0), n(floor), n(first.0), n(floor));
        }
        d
    })
}

/// A coordinate with one decimal.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "an index into what fits a drawing is far below 2^52")]
fn as_f64(index: usize) -> f64 {
    index as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_lifts_the_pen() {
        let html = spark(&[1.0, 2.0, f64::NAN, 3.0]).0;
        let line = html.split("d=\"").nth(2).unwrap();
        assert_eq!(line.matches('M').count(), 2, "{html}");
        assert!(!html.contains("NaN") && !html.contains("inf"));
    }

    #[test]
    fn curves_without_samples_or_height_are_drawn() {
        for samples in
            [vec![], vec![f64::NAN], vec![5.0], vec![5.0, 5.0], vec![-3.0, -3.0], vec![f64::MAX, -f64::MAX]]
        {
            let html = spark(&samples).0;
            assert!(!html.contains("NaN") && !html.contains("inf"), "{samples:?}: {html}");
        }
    }

    #[test]
    fn what_lies_outside_is_drawn_at_the_edge() {
        let forecast =
            Forecast { steps: vec![(2.0, 90.0, 110.0, 300.0)], hit: Some((2.0, 95.0, "2 Dec".into())) };
        let drawn = chart(&Chart {
            words: "full around 2 December".into(),
            past: vec![(0.0, 50.0), (1.0, 60.0)],
            axis: vec![(0.0, "24 Oct".into())],
            grid: vec![(40.0, "40".into()), (100.0, "100".into())],
            limit: Some(Limit { value: 95.0, label: "95 % limit".into() }),
            forecast: Some(forecast),
        });
        assert!(drawn.0.contains("class=\"cone\"") && drawn.0.contains("2 Dec"));
        assert!(!drawn.0.contains("y=\"-") && !drawn.0.contains(" -"), "{}", drawn.0);
    }
}
