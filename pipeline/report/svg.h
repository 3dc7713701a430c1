#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tvr {

/// Escapes the five characters that HTML and SVG give a meaning to; control characters and bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string escape_html(const std::string& text);

/// The words of a plot: axes with their units.
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
/// curve also has dashes of its own): axes with ticks and labels, a legend where there are several curves, a
/// description for those who do not see it. y begins at 0, or below where a curve does. Points that are no
/// numbers are left out. Empty without points.
[[nodiscard]] std::string line_plot(const PlotWords& words, const std::vector<Curve>& curves,
                                    Scale x_scale = Scale::Linear);

/// A series of bars, one value a category.
struct Bars {
  std::string name;
  std::vector<double> values;
};
/// A bar plot of the same size: the bars of each category side by side, each with its value as a tool tip.
[[nodiscard]] std::string bar_plot(const PlotWords& words, const std::vector<std::string>& categories,
                                   const std::vector<Bars>& series);

}  // namespace tvr
