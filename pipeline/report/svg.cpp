#include "pipeline/report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "data/text_file.h"

namespace tvr {
namespace {

constexpr double kWidth = 420, kHeight = 270, kLeft = 64, kRight = 14, kTop = 50, kBottom = 46;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Maps the values [low, high] of an axis to pixels and chooses its ticks.
class Axis {
 public:
  Axis(double low, double high, double from_px, double to_px, Scale scale = Scale::Linear)
      : scale_(scale),
        low_(place(low)),
        high_(place(high) > low_ ? place(high) : low_ + 1),
        from_px_(from_px),
        to_px_(to_px) {}

  [[nodiscard]] double px(double value) const {
    return from_px_ + (place(value) - low_) / (high_ - low_) * (to_px_ - from_px_);
  }
  [[nodiscard]] std::vector<double> ticks() const {
    return scale_ == Scale::Linear ? round_values() : powers();
  }

 private:
  [[nodiscard]] double place(double value) const {
    return scale_ == Scale::Linear ? value : std::log10(value);
  }
  /// Four to eight: steps of 1, 2 or 5 times a power of ten.
  [[nodiscard]] std::vector<double> round_values() const {
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
  /// 1, 2, 5, 10, 20, ...; only the powers of ten if those would be too many.
  [[nodiscard]] std::vector<double> powers() const {
    std::vector<double> values;
    for (double decade = std::floor(low_); decade <= high_; ++decade) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double at = decade + std::log10(factor);
        const bool wanted = factor == 1.0 || high_ - low_ < 3.5;
        if (wanted && at >= low_ - 1e-9 && at <= high_ + 1e-9) values.push_back(std::pow(10, at));
      }
    }
    return values;
  }

  Scale scale_;
  double low_, high_, from_px_, to_px_;
};

std::string text_at(const char* css, double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", css, x, y,
                     anchor, escape_html(text));
}

/// Title, description, axis labels around `body`.
std::string frame(const PlotWords& words, const std::string& description, const std::string& body) {
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title><desc>{}</desc>", kWidth,
                     kHeight, escape_html(words.title), escape_html(description)) +
         text_at("title", 4, 15, "start", words.title) + body +
         text_at("label", (kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", words.x) +
         fmt::format(
             "<text class=\"label\" transform=\"translate(12 {:.1f}) rotate(-90)\" "
             "text-anchor=\"middle\">{}</text></svg>",
             (kTop + kHeight - kBottom) / 2, escape_html(words.y));
}

std::string y_grid(const Axis& y) {
  std::string out;
  for (const double tick : y.ticks()) {
    out += fmt::format("<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                       tick == 0 ? "axis" : "grid", kLeft, kWidth - kRight, y.px(tick), y.px(tick)) +
           text_at("tick", kLeft - 6, y.px(tick) + 4, "end", fmt::format("{:g}", tick));
  }
  return out;
}

std::string x_ticks(const Axis& x) {
  std::string out;
  for (const double tick : x.ticks()) {
    out += fmt::format("<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>",
                       x.px(tick), kHeight - kBottom, kHeight - kBottom + 4) +
           text_at("tick", x.px(tick), kHeight - kBottom + 16, "middle", fmt::format("{:g}", tick));
  }
  return out;
}

/// Names with a sample of their line or bar, from left to right below the title; empty for a single one.
std::string legend(const std::vector<std::string>& names, bool lines) {
  if (names.size() < 2) return {};
  std::string out;
  double x = kLeft;
  for (std::size_t i = 0; i < names.size(); ++i) {
    out += lines ? fmt::format("<line class=\"curve c{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"32\" y2=\"32\"/>",
                               i, x, x + 18)
                 : fmt::format("<rect class=\"bar c{}\" x=\"{:.1f}\" y=\"27\" width=\"10\" height=\"10\"/>",
                               i, x + 4);
    out += text_at("tick", x + 22, 36, "start", names[i]);
    x += 36 + 6.2 * static_cast<double>(names[i].size());
  }
  return out;
}

/// Offset of the first byte at or after `from` that is not UTF-8.
std::size_t next_invalid(const std::string& text, std::size_t from) {
  const std::size_t found = find_invalid_utf8(std::string_view(text).substr(from));
  return found == std::string_view::npos ? found : from + found;
}

std::vector<std::pair<double, double>> numbers(const Curve& curve, Scale x_scale) {
  std::vector<std::pair<double, double>> points;
  for (const auto& [x, y] : curve.points) {
    if (std::isfinite(x) && std::isfinite(y) && (x_scale == Scale::Linear || x > 0))
      points.emplace_back(x, y);
  }
  return points;
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string out;
  std::size_t invalid = next_invalid(text, 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    if (i == invalid || control) {
      out += "\xef\xbf\xbd";  // U+FFFD
      if (i == invalid) invalid = next_invalid(text, i + 1);
      continue;
    }
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

std::string line_plot(const PlotWords& words, const std::vector<Curve>& curves, Scale x_scale) {
  double x_low = kInfinity, x_high = -kInfinity, y_low = 0, y_high = -kInfinity;
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : numbers(curve, x_scale)) {
      x_low = std::min(x_low, x), x_high = std::max(x_high, x);
      y_low = std::min(y_low, y), y_high = std::max(y_high, y);
    }
  }
  if (x_high < x_low) return {};
  const Axis x(x_low, x_high, kLeft, kWidth - kRight, x_scale), y(y_low, y_high, kHeight - kBottom, kTop);
  std::string body = y_grid(y) + x_ticks(x), description = words.y + " over " + words.x + ".";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    names.push_back(curves[i].name);
    const auto points = numbers(curves[i], x_scale);
    if (points.empty()) continue;
    std::string path;
    for (const auto& [px, py] : points) path += fmt::format("{:.1f},{:.1f} ", x.px(px), y.px(py));
    body += fmt::format("<polyline class=\"curve c{}\" points=\"{}\"/>", i, path);
    if (points.size() == 1)
      body += fmt::format("<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>", i,
                          x.px(points[0].first), y.px(points[0].second));
    description += fmt::format(" {}: {:.4g} at {:g}, {:.4g} at {:g}.", curves[i].name, points.front().second,
                               points.front().first, points.back().second, points.back().first);
  }
  return frame(words, description, body + legend(names, true));
}

std::string bar_plot(const PlotWords& words, const std::vector<std::string>& categories,
                     const std::vector<Bars>& series) {
  if (categories.empty() || series.empty()) return {};
  double high = 0;
  for (const Bars& bars : series)
    high = std::max(high, *std::max_element(bars.values.begin(), bars.values.end()));
  const Axis y(0, high, kHeight - kBottom, kTop);
  const double slot = (kWidth - kLeft - kRight) / static_cast<double>(categories.size());
  const double width = slot * 0.8 / static_cast<double>(series.size());
  std::string body = y_grid(y), description = words.y + " by " + words.x + ".";
  std::vector<std::string> names;
  for (const Bars& bars : series) {
    const std::size_t s = names.size();
    names.push_back(bars.name);
    description += ' ' + bars.name + ':';
    for (std::size_t i = 0; i < categories.size(); ++i) {
      const double left = kLeft + slot * (static_cast<double>(i) + 0.1) + width * static_cast<double>(s);
      const double top = y.px(bars.values[i]);
      const std::string label = fmt::format("{}: {:.3g}", categories[i], bars.values[i]);
      body += fmt::format(
          "<rect class=\"bar c{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
          "height=\"{:.1f}\"><title>{}</title></rect>",
          s, left, top, width, kHeight - kBottom - top, escape_html(bars.name + ", " + label));
      description += ' ' + label + (i + 1 < categories.size() ? "," : ".");
    }
  }
  for (std::size_t i = 0; i < categories.size(); ++i) {
    body += text_at("tick", kLeft + slot * (static_cast<double>(i) + 0.5), kHeight - kBottom + 16, "middle",
                    categories[i]);
  }
  return frame(words, description, body + legend(names, false));
}

}  // namespace tvr
