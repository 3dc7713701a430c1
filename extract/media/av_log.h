#pragma once

#include <string>

namespace tvr {

/// From now on libav prints nothing: what it says goes to the AvLog that listens on its thread, if one does.
void silence_libav();

/// libav's log messages about one file: the first few error lines, without addresses, so that runs can be
/// compared.
class AvLog {
 public:
  /// While alive, libav's messages on this thread go to `log`; messages of other threads are dropped.
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
  /// Lines joined by "; "; empty if libav logged nothing.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Whether a demuxer logged an error: some report a truncated file in no other way.
  [[nodiscard]] bool demuxer_complained() const noexcept { return demuxer_complained_; }

 private:
  std::string text_;
  int lines_ = 0;
  bool demuxer_complained_ = false;
};

}  // namespace tvr
