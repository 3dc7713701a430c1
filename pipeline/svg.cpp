#include "pipeline/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tvr {
namespace {

constexpr double kWidth = 420, kHeight = 260, kLeft = 52, kRight = 12, kTop = 30, kBottom = 40;

/// Maps the values [low, high] of an axis to pixels and names its ticks.
class Axis {
 public:
  Axis(double low, double high, double from_px, double to_px)
      : low_(low), high_(high > low ? high : low + 1), from_px_(from_px), to_px_(to_px) {}
  [[nodiscard]] double px(double value) const {
    return from_px_ + (value - low_) / (high_ - low_) * (to_px_ - from_px_);
  }
  /// Four to eight round values: steps of 1, 2 or 5 times a power of ten.
  [[nodiscard]] std::vector<double> ticks() const {
    const double rough = (high_ - low_) / 5;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = power;
    for (const double factor : {2.0, 5.0, 10.0}) {
      if (step < rough) step = factor * power;
    }
    std::vector<double> values;
    for (double value = std::ceil(low_ / step) * step; value <= high_ + step * 1e-9; value += step) {
      values.push_back(std::abs(value) < step * 1e-9 ? 0 : value);
    }
    return values;
  }

 private:
  double low_, high_, from_px_, to_px_;
};

std::string frame(const std::string& title, const std::string& body) {
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><text class=\"title\" x=\"{}\" "
      "y=\"16\">{}</text>{}</svg>",
      kWidth, kHeight, escape_html(title), kLeft, escape_html(title), body);
}

std::string y_grid(const Axis& y) {
  std::string out;
  for (const double tick : y.ticks()) {
    out += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text class=\"tick\" x=\"{}\" "
        "y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>",
        kLeft, kWidth - kRight, y.px(tick), y.px(tick), kLeft - 6, y.px(tick) + 3.5, tick);
  }
  return out;
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string line_plot(const std::string& title, const std::string& x_title,
                      const std::vector<Curve>& curves) {
  double x_low = 1e300, x_high = -1e300, y_high = -1e300, y_low = 0;
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : curve.points) {
      x_low = std::min(x_low, x), x_high = std::max(x_high, x);
      y_low = std::min(y_low, y), y_high = std::max(y_high, y);
    }
  }
  if (x_high < x_low) return {};
  const Axis x(x_low, x_high, kLeft, kWidth - kRight), y(y_low, y_high, kHeight - kBottom, kTop);
  std::string body = y_grid(y);
  for (const double tick : x.ticks()) {
    body += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>",
                        x.px(tick), kHeight - kBottom + 15, tick);
  }
  body += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", kWidth - kRight,
                      kHeight - 6, escape_html(x_title));
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::string points;
    for (const auto& [px, py] : curves[i].points) points += fmt::format("{:.1f},{:.1f} ", x.px(px), y.px(py));
    body += fmt::format("<polyline class=\"curve c{}\" points=\"{}\"/>", i, points);
    if (curves.size() > 1) {
      body += fmt::format("<text class=\"legend c{}\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", i,
                          kWidth - kRight, 16 + 13 * static_cast<int>(i), escape_html(curves[i].name));
    }
  }
  return frame(title, body);
}

std::string bar_plot(const std::string& title, const std::vector<std::pair<std::string, double>>& bars) {
  double high = 0;
  for (const auto& bar : bars) high = std::max(high, bar.second);
  const Axis y(0, high, kHeight - kBottom, kTop);
  const double slot = (kWidth - kLeft - kRight) / static_cast<double>(std::max<std::size_t>(1, bars.size()));
  std::string body = y_grid(y);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double left = kLeft + slot * static_cast<double>(i);
    const double top = y.px(bars[i].second);
    body += fmt::format(
        "<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{}: "
        "{:g}</title></rect>"
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        left + slot * 0.1, top, slot * 0.8, kHeight - kBottom - top, escape_html(bars[i].first),
        bars[i].second, left + slot / 2, kHeight - kBottom + 15, escape_html(bars[i].first));
  }
  return frame(title, body);
}

}  // namespace tvr
