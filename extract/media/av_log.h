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

  void add(const std::string& source, const std::string& text, bool from_demuxer);
  void clear();
  /// Lines joined by "; ", empty when libav was silent.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Whether a demuxer complained: some say in this way alone that a file is cut short.
  [[nodiscard]] bool demuxer_complained() const noexcept { return demuxer_complained_; }

 private:
  std::string text_;
  int lines_ = 0;
  bool demuxer_complained_ = false;
};

}  // namespace tvr
