#include "pipeline/learning/linear_step.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "data/error.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {

namespace {

/// `step` is "linear" or "kernel"; `file` is what it is kept in.
template <class Fit>
std::optional<LinearEncoder> fitted(RunFolder& folder, const std::string& step,
                                    const std::filesystem::path& file, const Pairs& train, const Fit& fit) {
  const Digest inputs = Digester()
                            .add(step + " 2")
                            .add(train.pairs)
                            .add(fmt::format("{}", fmt::join(train.captions, "\n")))
                            .digest();
  if (folder.is_fresh(step, inputs, file)) {
    say(step + ": the model is up to date");
    return LinearEncoder(file);
  }
  const auto start = std::chrono::steady_clock::now();
  std::optional<LinearEncoder> model;
  try {
    model = fit();
  } catch (const Error& error) {
    if (error.fault() != Fault::Mismatch && error.fault() != Fault::Unsupported) throw;
    warn(fmt::format("{0}: no {0} model: {1}", step, error.seen()));
    std::filesystem::remove(file);  // of other pairs
    return std::nullopt;
  }
  model->write(file);
  folder.mark_done(step, inputs, file);
  const LinearSmoothing& smoothing = model->smoothing();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  say(fmt::format(
      "{}: fitted in {}; ridges {} (text) and {} (video), power {}; mean of R@1, R@5, R@10 on held-out "
      "training clips {:.1f}",
      step, seconds_text(seconds), smoothing.text_ridge, smoothing.video_ridge, smoothing.power,
      smoothing.recall));
  return model;
}

}  // namespace

std::optional<LinearEncoder> fit_linear_baseline(RunFolder& folder, const Pairs& train) {
  return fitted(folder, "linear", folder.linear(), train,
                [&] { return LinearEncoder(train.captions, train.pairs); });
}

std::optional<LinearEncoder> fit_kernel_model(RunFolder& folder, const Pairs& train,
                                              const LinearEncoder& linear) {
  const auto better = [&] {
    try {
      LinearEncoder gaussian(train.captions, train.pairs, KernelMap(train.pairs.clips));
      return linear.smoothing().recall > gaussian.smoothing().recall ? linear : gaussian;
    } catch (const Error& error) {  // there is a linear model, so there are words and clips
      if (error.fault() != Fault::Mismatch) throw;
      return linear;
    }
  };
  std::optional<LinearEncoder> chosen = fitted(folder, "kernel", folder.kernel(), train, better);
  if (chosen && chosen->is_linear())
    say("kernel: a linear one: no Gaussian one finds more on held-out training clips");
  return chosen;
}

Evaluation evaluate_linear(const LinearEncoder& linear, const Pairs& test, Ties ties) {
  Evaluation evaluation =
      evaluate(linear.embed_text(test.captions), linear.embed_video(test.pairs.clips), test.pairs, ties);
  evaluation.text = evaluation.video = Matrix();
  return evaluation;
}

}  // namespace tvr
