#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace tvr::testing {

/// Keys as WebDriver writes them.
namespace keys {
inline const std::string kEnter = "\xEE\x80\x87", kEscape = "\xEE\x80\x8C", kRight = "\xEE\x80\x94",
                         kDown = "\xEE\x80\x95";
}

/// A headless Chromium with an empty profile of its own, driven through Debian's chromedriver (W3C
/// WebDriver). Both end with it. Throws std::runtime_error with the driver's words.
class Browser {
 public:
  /// `profile`: a new folder. `flags`: further ones of the browser's command line.
  explicit Browser(const std::filesystem::path& profile, const std::vector<std::string>& flags = {});
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& url);
  /// The value of `return EXPRESSION` in the page.
  nlohmann::json value(const std::string& expression);
  /// Asks until the expression is true; false after ten seconds.
  [[nodiscard]] bool becomes_true(const std::string& expression);
  void click(const std::string& css);
  void type(const std::string& text);  // into what has the focus
  void resize(int width, int height, bool phone);
  void prefer_dark(bool dark);
  /// Pages opened from now on may do what their Content-Security-Policy forbids.
  void ignore_policies();
  /// The page as it is printed: PDF bytes.
  [[nodiscard]] std::string pdf();
  /// PNG bytes.
  [[nodiscard]] std::string screenshot();
  /// Complaints in the browser's console so far, a line each.
  [[nodiscard]] std::string complaints();

 private:
  class Driver;
  nlohmann::json ask(const std::string& method, const std::string& path, const nlohmann::json& body);
  nlohmann::json devtools(const std::string& command, const nlohmann::json& parameters);

  std::unique_ptr<Driver> driver_;
  std::string session_;
};

}  // namespace tvr::testing
