#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/descriptor.h"
#include "data/fingerprint.h"

namespace tvr {

/// The paths in the folder of a run, and which of its steps are up to date.
class RunFolder {
 public:
  /// Creates the folder when it is missing.
  explicit RunFolder(std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path config() const { return path_ / "config.toml"; }
  [[nodiscard]] std::filesystem::path words() const {
    return path_ / "words.bin";
  }  // fastText, trained on captions
  /// Vectors of the captions by a pretrained pair's text tower.
  [[nodiscard]] std::filesystem::path sentences() const { return path_ / "sentences.pth"; }
  [[nodiscard]] std::filesystem::path state() const { return path_ / "training_state.pth"; }
  [[nodiscard]] std::filesystem::path checkpoint() const { return path_ / "checkpoint.pth"; }
  [[nodiscard]] std::filesystem::path epochs() const { return path_ / "epochs"; }  // of --keep-epochs
  [[nodiscard]] std::filesystem::path history() const { return path_ / "history.jsonl"; }
  [[nodiscard]] std::filesystem::path events() const {
    return path_ / "events.out.tfevents.pipeline";  // TensorBoard looks for "tfevents" in the name
  }
  [[nodiscard]] std::filesystem::path metrics() const { return path_ / "metrics.json"; }
  [[nodiscard]] std::filesystem::path report() const { return path_ / "report.html"; }
  [[nodiscard]] std::filesystem::path linear() const { return path_ / "linear.pth"; }
  [[nodiscard]] std::filesystem::path kernel() const { return path_ / "kernel.pth"; }
  /// Where `pipeline localize --csv` may write the steps that `serve` shows (placed_steps.h).
  [[nodiscard]] std::filesystem::path placed_steps() const { return path_ / "localized.csv"; }
  [[nodiscard]] std::filesystem::path training_videos() const { return path_ / "training_videos.txt"; }
  [[nodiscard]] std::filesystem::path path_of_network(int number) const {
    return number == 1 ? path_ : path_ / ("network-" + std::to_string(number));
  }
  /// The folder of one of the networks of a model, from 1, which lies in this folder itself; created when it
  /// is missing. Throws as of_seed() does.
  [[nodiscard]] RunFolder of_network(int number) const;
  [[nodiscard]] std::filesystem::path path_of_seed(std::uint64_t seed) const {
    return path_ / ("seed-" + std::to_string(seed));
  }
  /// The subfolder of the run with another seed, created when it is missing. Throws Error(Unsupported) for a
  /// link there, which would lead the results elsewhere.
  [[nodiscard]] RunFolder of_seed(std::uint64_t seed) const;

  /// Held by the one program that writes the folder, until the result is destroyed or the process ends. The
  /// lock is the folder's own, whichever name led to it, and nothing lies in it. None where the file system
  /// has no locks. Throws Error(Busy).
  [[nodiscard]] Descriptor lock() const;

  /// A step ("words", "sentences", "linear", "kernel", "train", "report") is fresh (up to date) when it was
  /// finished with inputs of this digest and `result` is the file that it gave: a damaged one is made anew.
  [[nodiscard]] bool is_fresh(const std::string& step, const Digest& inputs,
                              const std::filesystem::path& result) const;
  void mark_done(const std::string& step, const Digest& inputs, const std::filesystem::path& result);
  /// Whether state() is of a training that was begun with inputs of this digest.
  [[nodiscard]] bool has_begun(const Digest& inputs) const;
  void mark_begun(const Digest& inputs);

 private:
  void keep(const std::string& step, const std::string& entry);
  [[nodiscard]] static RunFolder inside(std::filesystem::path path);

  std::filesystem::path path_;
};

/// Writes a temporary file and renames it: readers see the old text or the new, never a part. Throws
/// Error(Unreadable).
void write_text(const std::filesystem::path& path, const std::string& text);
/// Metrics, history, steps, configuration and report are smaller, and what is parsed takes many times as much
/// memory.
constexpr std::uintmax_t kMostRunFileBytes = std::uintmax_t{64} << 20;
/// The whole text of a run's file; throws as read_text_file() does.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

}  // namespace tvr
