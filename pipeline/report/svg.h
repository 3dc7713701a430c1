#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tvr {

/// Escapes the five special characters of HTML and SVG; control characters and bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string escape_html(const std::string& text);

/// The title of a plot and the labels of its axes, with units.
struct PlotWords {
  std::string title, x, y;
};

/// A named line of points; x and y in the units of the axes.
struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};
enum class Scale { Linear, Logarithmic };  // Logarithmic: x > 0

/// A line plot, 420 x 270, as an inline SVG in the page's colours (classes grid, axis, tick, c0 ... c3; each
/// curve also has its own dash pattern): axes with ticks and labels, a legend if there are several curves, a
/// description for screen readers. y starts at 0, or at the lowest value below it. Points that are not finite
/// are left out. Empty without points.
[[nodiscard]] std::string line_plot(const PlotWords& words, const std::vector<Curve>& curves,
                                    Scale x_scale = Scale::Linear);

/// A series of bars, one value per category.
struct Bars {
  std::string name;
  std::vector<double> values;
};
/// A bar plot of the same size: the bars of each category side by side, each with its value as a tooltip.
[[nodiscard]] std::string bar_plot(const PlotWords& words, const std::vector<std::string>& categories,
                                   const std::vector<Bars>& series);

}  // namespace tvr
