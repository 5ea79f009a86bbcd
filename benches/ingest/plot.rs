//! The chart of the results.

use std::path::Path;

use plotters::prelude::*;

use super::{Row, data::Wave};

const SIZE: (u32, u32) = (820, 320);
/// Space above the highest bar for the legend, as a factor.
const HEADROOM: f64 = 30.0;
const COLOURS: [RGBColor; 3] = [RGBColor(0x9a, 0x9a, 0x9a), RGBColor(0x6a, 0x9f, 0xd8), RGBColor(0xc0, 0x39, 0x2b)];

/// Draws a chart with one bar per method and wave, on a logarithmic scale.
pub(crate) fn draw(path: &Path, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let highest = rows.iter().flat_map(|row| row.figures).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption("Messages per second, logarithmic", ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(28)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..3.0, (10.0..highest * HEADROOM).log_scale())?;
    chart.configure_mesh().disable_x_mesh().x_labels(0).y_label_formatter(&|figure| format!("{figure:.0}")).draw()?;
    for (method, (row, colour)) in rows.iter().zip(COLOURS).enumerate() {
        let bars = row.figures.iter().enumerate().map(|(wave, figure)| bar(wave, method, *figure, colour));
        chart
            .draw_series(bars)?
            .label(row.name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        let texts = row.figures.iter().enumerate().map(|(wave, figure)| {
            Text::new(format!("{figure:.0}"), (left(wave, method) + 0.03, figure * 1.8), ("sans-serif", 12))
        });
        chart.draw_series(texts)?;
    }
    for (wave, name) in Wave::ALL.iter().map(|wave| wave.name()).enumerate() {
        let x = 56 + 10 + i32::try_from(wave)? * 248 + 80;
        area.draw(&Text::new(name, (x, 296), ("sans-serif", 13)))?;
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE).draw()?;
    area.present()?;
    Ok(())
}

fn bar(wave: usize, method: usize, figure: f64, colour: RGBColor) -> Rectangle<(f64, f64)> {
    let x = left(wave, method);
    Rectangle::new([(x, 10.0), (x + 0.22, figure)], colour.filled())
}

/// The left edge of a bar: the three methods are side by side in each wave's section.
#[expect(clippy::cast_precision_loss, reason = "both are below three")]
fn left(wave: usize, method: usize) -> f64 {
    wave as f64 + 0.14 + method as f64 * 0.25
}
