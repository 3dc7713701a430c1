#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <string>

namespace tvr {

/// "decoding took 61.2 s of processor time, 60 s are allowed"
inline std::string spent_words(double spent_s, double allowed_s) {
  char words[128];
  std::snprintf(words, sizeof words, "decoding took %.1f s of processor time, %g s are allowed", spent_s,
                allowed_s);
  return words;
}

/// Time that may be spent on one file: processor time of the calling thread, so that nobody is charged for
/// waiting for a core, a disk or a slow consumer; where somebody waits for the answer, wall time, too. It
/// runs only inside calls.
class TimeBudget {
 public:
  explicit TimeBudget(double processor_s, double wall_s = std::numeric_limits<double>::infinity())
      : processor_s_(processor_s), wall_s_(wall_s) {}

  /// The budget runs while this is alive.
  class Running {
   public:
    explicit Running(TimeBudget& budget)
        : budget_(budget), processor_start_s_(processor_now_s()), wall_start_s_(wall_now_s()) {
      budget_.running_ = this;
    }
    ~Running() {
      budget_.processor_spent_s_ += processor_now_s() - processor_start_s_;
      budget_.wall_spent_s_ += wall_now_s() - wall_start_s_;
      budget_.running_ = nullptr;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    friend class TimeBudget;
    TimeBudget& budget_;
    double processor_start_s_, wall_start_s_;
  };

  /// REQUIRES: it is running.
  [[nodiscard]] bool spent() const {
    return processor_used_s() > processor_s_ ||
           wall_spent_s_ + wall_now_s() - running_->wall_start_s_ > wall_s_;
  }

  /// What was used and what is allowed. REQUIRES: it is running.
  [[nodiscard]] std::string words() const {
    if (processor_used_s() > processor_s_) return spent_words(processor_used_s(), processor_s_);
    return "it took more than " + std::to_string(static_cast<std::int64_t>(wall_s_)) + " s";
  }

 private:
  static double clock_s(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }
  static double processor_now_s() { return clock_s(CLOCK_THREAD_CPUTIME_ID); }
  static double wall_now_s() { return clock_s(CLOCK_MONOTONIC); }
  [[nodiscard]] double processor_used_s() const {
    return processor_spent_s_ + processor_now_s() - running_->processor_start_s_;
  }

  double processor_s_, wall_s_;
  double processor_spent_s_ = 0, wall_spent_s_ = 0;
  const Running* running_ = nullptr;
};

}  // namespace tvr
