#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tvr {

/// A named line of points; x and y in the units of the axes.
struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

/// Escapes the five characters that HTML and SVG give a meaning to.
[[nodiscard]] std::string escape_html(const std::string& text);

/// A line plot with axes, ticks and a legend, 420 x 260, as an inline SVG in the page's colours.
[[nodiscard]] std::string line_plot(const std::string& title, const std::string& x_title,
                                    const std::vector<Curve>& curves);

/// A bar plot of one count a label.
[[nodiscard]] std::string bar_plot(const std::string& title,
                                   const std::vector<std::pair<std::string, double>>& bars);

}  // namespace tvr
