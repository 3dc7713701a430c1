#include "pipeline/learning/linear_step.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "data/error.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {

std::optional<LinearEncoder> fit_linear_baseline(RunFolder& folder, const Pairs& train) {
  const Digest inputs = Digester()
                            .add("linear 1")
                            .add(train.pairs)
                            .add(fmt::format("{}", fmt::join(train.captions, "\n")))
                            .digest();
  if (folder.is_fresh("linear", inputs, folder.linear())) {
    say("linear: the model is up to date");
    return LinearEncoder(folder.linear());
  }
  const auto start = std::chrono::steady_clock::now();
  try {
    LinearEncoder linear(train.captions, train.pairs);
    linear.write(folder.linear());
    folder.mark_done("linear", inputs, folder.linear());
    const LinearSmoothing& smoothing = linear.smoothing();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    say(fmt::format("linear: fitted in {}; ridges {} (text) and {} (video), power {}", seconds_text(seconds),
                    smoothing.text_ridge, smoothing.video_ridge, smoothing.power));
    return linear;
  } catch (const Error& error) {
    if (error.fault() != Fault::Mismatch && error.fault() != Fault::Unsupported) throw;
    say(std::string("linear: no linear baseline: ") + error.seen());
    std::filesystem::remove(folder.linear());  // of other pairs
    return std::nullopt;
  }
}

Evaluation evaluate_linear(const LinearEncoder& linear, const Pairs& test, Ties ties) {
  Evaluation evaluation =
      evaluate(linear.embed_text(test.captions), linear.embed_video(test.pairs.clips), test.pairs, ties);
  evaluation.text = evaluation.video = Matrix();
  return evaluation;
}

}  // namespace tvr
