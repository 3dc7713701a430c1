#include "pipeline/terminal/time_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr double kWorthTelling_s = 5;
constexpr const char* kMore =
    "use more cores, or several machines with --shard I/N each and then `pipeline store merge`";

struct KnownAdvice {
  const char* phase;
  const char* words;
};
constexpr std::array kAdvice = {
    KnownAdvice{"draw the demo", "the demo is rendered once and kept"},
    KnownAdvice{"check files",
                "every new file is read once to hash its content; a faster disk helps, and the "
                "next run does not repeat it"},
    KnownAdvice{"load networks", "networks are loaded once per run: process more videos per run"},
    KnownAdvice{"decode", kMore},
    KnownAdvice{"networks", kMore},
    KnownAdvice{"store", "the store's disk is slow: put --store on a local one"},
    KnownAdvice{"words", "trained once for these captions and kept; --word-vectors FILE uses existing ones"},
    KnownAdvice{"train", "use more cores, fewer --epochs or a smaller --embd-dim"},
    KnownAdvice{"eval", "use more cores"},
    KnownAdvice{"report", "its images are decoded from the videos: a faster disk helps"},
};

std::string advice_for(const std::string& phase, const Advice& advice) {
  const auto found = std::find_if(kAdvice.begin(), kAdvice.end(),
                                  [&](const KnownAdvice& known) { return phase == known.phase; });
  const std::string usual = found == kAdvice.end() ? "" : found->words;
  const auto given = advice.find(phase);
  if (given == advice.end()) return usual;
  return given->second + (usual.empty() ? "" : "; or ") + usual;
}

}  // namespace

double TimeAccount::since_lap() {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - lap_).count();
  lap_ = now;
  return seconds;
}

void TimeAccount::lap(const std::string& phase) { add(phase, since_lap()); }

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

std::string TimeAccount::text(const Advice& advice) const {
  const double total_s = seconds();
  if (total_s < kWorthTelling_s) return {};
  Table table({{"where the time went"}, {"time", Table::Align::Right}, {"share", Table::Align::Right}});
  for (const Phase& phase : phases_) {
    const double share = 100 * phase.seconds / total_s;
    if (share >= 1) table.add({phase.name, seconds_text(phase.seconds), fmt::format("{:.0f} %", share)});
  }
  const Phase& longest = *std::max_element(
      phases_.begin(), phases_.end(), [](const Phase& a, const Phase& b) { return a.seconds < b.seconds; });
  const std::string words = advice_for(longest.name, advice);
  return table.text() + fmt::format("bottleneck: {} ({:.0f} % of the time){}{}", longest.name,
                                    100 * longest.seconds / total_s, words.empty() ? "" : ": ", words);
}

void tell(const TimeAccount& time, const Advice& advice) {
  const std::string account = time.text(advice);
  if (!account.empty()) say(account);
  say("done in " + seconds_text(time.seconds()));
}

}  // namespace tvr
