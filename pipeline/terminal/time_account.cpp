#include "pipeline/terminal/time_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "pipeline/machine/machine.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr double kWorthTelling_s = 5;
constexpr const char* kMore =
    "more cores, or more machines with --shard I/N each and `pipeline store merge` after";

struct Advice {
  const char* phase;
  const char* words;
};
constexpr std::array kAdvice = {
    Advice{"draw the demo", "it is drawn once and kept"},
    Advice{"look at the files",
           "every new file is read once to know its content; a faster disk helps, and the "
           "next run does not do it again"},
    Advice{"load the networks", "they are loaded once a run: give more videos to a run"},
    Advice{"decode", kMore},
    Advice{"networks", kMore},
    Advice{"store", "the disk of the store is slow: give --store a place on a local one"},
    Advice{"words", "trained once for these captions and kept; --word-vectors FILE takes ready ones"},
    Advice{"train", "more cores, fewer --epochs or a smaller --embd-dim"},
    Advice{"eval", "more cores"},
    Advice{"report", "its pictures are decoded from the videos: a faster disk helps"},
};

std::string advice_for(const std::string& phase, const FasterWays& ways) {
  constexpr const char* kOthers = " (its features are others, kept apart by their recipe); or ";
  const std::string precision = phase == "networks" ? ways.precision : "";
  if (!precision.empty()) return "--precision " + precision + " is faster here" + kOthers + kMore;
  if (phase == "decode" && ways.gpu_could_scale)
    return std::string("a preset -gpu scales on the GPU") + kOthers + kMore;
  const auto found = std::find_if(kAdvice.begin(), kAdvice.end(),
                                  [&](const Advice& advice) { return phase == advice.phase; });
  return found == kAdvice.end() ? "" : found->words;
}

}  // namespace

double TimeAccount::since_lap() {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - lap_).count();
  lap_ = now;
  return seconds;
}

void TimeAccount::lap(const std::string& phase) { add(phase, since_lap()); }

void TimeAccount::lap(const ExtractReport& extraction) {
  const double seconds = since_lap();
  const ExtractionTimes& times = extraction.times;
  const double threads_s = times.decode_s + times.network_s + times.write_s;
  const double work_s = threads_s > 0 ? std::min(times.wall_s, seconds - extraction.loading_s) : 0;
  add("look at the files", seconds - extraction.loading_s - work_s);
  if (threads_s <= 0) return;
  add("load the networks", extraction.loading_s);
  add("decode", work_s * times.decode_s / threads_s);
  add("networks", work_s * times.network_s / threads_s);
  add("store", work_s * times.write_s / threads_s);
}

void TimeAccount::add(const std::string& phase, double seconds) {
  const auto found =
      std::find_if(phases_.begin(), phases_.end(), [&](const Phase& known) { return known.name == phase; });
  if (found == phases_.end()) {
    phases_.push_back({phase, seconds});
  } else {
    found->seconds += seconds;
  }
}

double TimeAccount::seconds() const {
  return std::accumulate(phases_.begin(), phases_.end(), 0.0,
                         [](double sum, const Phase& phase) { return sum + phase.seconds; });
}

std::string TimeAccount::text(const FasterWays& ways) const {
  const double total_s = seconds();
  if (total_s < kWorthTelling_s) return {};
  Table table({{"where the time went"}, {"time", Table::Align::Right}, {"share", Table::Align::Right}});
  for (const Phase& phase : phases_) {
    const double share = 100 * phase.seconds / total_s;
    if (share >= 1) table.add({phase.name, seconds_text(phase.seconds), fmt::format("{:.0f} %", share)});
  }
  const Phase& longest = *std::max_element(
      phases_.begin(), phases_.end(), [](const Phase& a, const Phase& b) { return a.seconds < b.seconds; });
  const std::string advice = advice_for(longest.name, ways);
  return table.text() + fmt::format("bottleneck: {} ({:.0f} % of the time){}{}", longest.name,
                                    100 * longest.seconds / total_s, advice.empty() ? "" : ": ", advice);
}

FasterWays faster_ways(const ExtractOptions& options) {
  const bool is_exact = options.features.precision == "fp32", on_gpu = uses_gpu(options.speed);
  FasterWays ways;
  if (is_exact && on_gpu) ways.precision = "fp16";
  if (is_exact && !on_gpu && read_machine().computes_bf16()) ways.precision = "bf16";
  ways.gpu_could_scale = on_gpu && !is_gpu(preset_named(options.features.preset));
  return ways;
}

void tell(const TimeAccount& time, const FasterWays& ways) {
  const std::string account = time.text(ways);
  if (!account.empty()) say(account);
  say("done in " + seconds_text(time.seconds()));
}

}  // namespace tvr
