#pragma once

#include <string>

namespace tvr {

/// libav's own words about one file: the first few error lines, without addresses, so that they can be
/// compared.
class AvLog {
 public:
  /// While it lives, what libav says on this thread goes to `log`; all else that libav says is dropped.
  class Listening {
   public:
    explicit Listening(AvLog& log);
    ~Listening();
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

   private:
    AvLog* before_;
  };

  void add(const std::string& source, const std::string& text);
  /// Lines joined by "; ", empty when libav was silent.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  int lines_ = 0;
};

}  // namespace tvr
