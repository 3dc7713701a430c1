#pragma once

#include <chrono>

namespace tvr {

/// Wall time that may be spent on one file. It runs only inside calls, so that a slow consumer is not
/// charged.
class TimeBudget {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TimeBudget(double seconds)
      : left_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}

  /// The budget runs while this is alive.
  class Running {
   public:
    explicit Running(TimeBudget& budget) : budget_(budget) {
      budget_.deadline_ = Clock::now() + budget_.left_;
    }
    ~Running() { budget_.left_ = budget_.deadline_ - Clock::now(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    TimeBudget& budget_;
  };

  [[nodiscard]] bool spent() const { return Clock::now() > deadline_; }

 private:
  Clock::duration left_;
  Clock::time_point deadline_{};
};

}  // namespace tvr
