#pragma once

#include <condition_variable>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "model/distributed/collective.h"

namespace tvr::testing {

/// Threads as the processes of a group.
class ThreadGroup {
 public:
  explicit ThreadGroup(int size) : size_(size), sent_(static_cast<std::size_t>(size)) {}

  /// Runs work(group) as every rank. Where one throws, the others' next call throws Lost; rethrows what the
  /// lowest rank has thrown apart from that.
  void run(const std::function<void(Collective&)>& work) {
    std::vector<std::exception_ptr> errors(sent_.size());
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size_; ++rank) {
      threads.emplace_back([&, rank] {
        Member member(*this, rank);
        try {
          work(member);
        } catch (const Lost&) {
        } catch (...) {
          errors[static_cast<std::size_t>(rank)] = std::current_exception();
          const std::lock_guard<std::mutex> lock(mutex_);
          lost_ = true;
          all_here_.notify_all();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

  [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_; }  // that rank 0 has received

 private:
  struct Lost {};

  class Member : public Collective {
   public:
    Member(ThreadGroup& group, int rank) : group_(group), rank_(rank) {}
    [[nodiscard]] int rank() const noexcept override { return rank_; }
    [[nodiscard]] int size() const noexcept override { return group_.size_; }
    void all_gather(const void* mine, void* all, const std::vector<std::int64_t>& bytes) override {
      group_.exchange(rank_, mine, [&] {
        auto* at = static_cast<char*>(all);
        for (std::size_t r = 0; r < bytes.size(); ++r) {
          const auto count = static_cast<std::size_t>(bytes[r]);
          if (at != group_.sent_[r] && count > 0) std::memcpy(at, group_.sent_[r], count);
          if (rank_ == 0 && r > 0) group_.bytes_ += bytes[r];
          at += count;
        }
      });
    }
    void broadcast(void* values, std::int64_t bytes) override {
      group_.exchange(rank_, values, [&] {
        if (rank_ > 0 && bytes > 0) std::memcpy(values, group_.sent_[0], static_cast<std::size_t>(bytes));
      });
    }

   private:
    ThreadGroup& group_;
    int rank_;
  };

  /// Shows `mine` to all, waits for all, takes, and waits until all have taken.
  void exchange(int rank, const void* mine, const std::function<void()>& take) {
    sent_[static_cast<std::size_t>(rank)] = mine;
    wait();
    take();
    wait();
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    const int round = round_;
    if (++here_ == size_) {
      here_ = 0;
      ++round_;
      all_here_.notify_all();
    }
    all_here_.wait(lock, [&] { return round_ != round || lost_; });
    if (round_ == round) throw Lost();
  }

  const int size_;
  std::vector<const void*> sent_;
  std::mutex mutex_;
  std::condition_variable all_here_;
  int here_ = 0, round_ = 0;
  bool lost_ = false;
  std::int64_t bytes_ = 0;  // written by rank 0 alone
};

}  // namespace tvr::testing
