#include "pipeline/narrated/narrated_text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "data/error.h"
#include "data/mutex.h"
#include "data/usable_cores.h"
#include "pipeline/narrated/for_each_by.h"
#include "text/tokenizer.h"

namespace tvr {

std::set<std::string> words_in(const NarratedVideos& videos, const Progress& progress) {
  constexpr std::int64_t kBlock = 256;  // videos
  std::set<std::string> words;
  std::int64_t done = 0;
  Mutex mutex;
  for_each_by(usable_cores(), static_cast<std::size_t>((videos.count() + kBlock - 1) / kBlock),
              [&](std::size_t block) {
                const std::int64_t first = static_cast<std::int64_t>(block) * kBlock;
                const std::int64_t past = std::min(videos.count(), first + kBlock);
                std::set<std::string> of_block;
                for (std::int64_t video = first; video < past; ++video) {
                  for (const std::string& line : videos.narration(video).text) {
                    for (std::string& word : tokenize(line)) of_block.insert(std::move(word));
                  }
                }
                const MutexLock lock(mutex);
                words.merge(of_block);
                done += past - first;
                if (!progress || progress({"vocabulary", done, videos.count()})) return;
                throw Error(Fault::Interrupted, "vocabulary", "stopped", "Run the same command again");
              });
  return words;
}

std::vector<std::string> sample_lines(const NarratedVideos& videos, std::size_t most) {
  const auto lines = static_cast<std::size_t>(videos.line_count());
  const auto stride = static_cast<std::int64_t>(std::max<std::size_t>(1, (lines + most - 1) / most));
  std::vector<std::string> sample;
  for (std::int64_t video = 0; video < videos.count(); video += stride) {
    Narration narration = videos.narration(video);
    for (std::string& line : narration.text) sample.push_back(std::move(line));
  }
  return sample;
}

}  // namespace tvr
