#include "pipeline/demo/demo_folder.h"

#include <tbb/parallel_for.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "data/atomic_file.h"
#include "data/error.h"
#include "data/thread_sanitizer.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

void write_demo_text(const fs::path& path, const std::string& text) {
  if (read_text(path) == text) return;
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void claim_demo_folder(const fs::path& out, const std::string& manifest) {
  const fs::path path = out / "demo.json";
  const std::optional<std::string> found = read_text(path);
  if (found == manifest) return;
  if (found) {
    throw Error(Fault::Mismatch, out.string(), "it contains a demo with other options: " + *found,
                "Choose another folder, or remove this one");
  }
  if (fs::exists(out) && !fs::is_empty(out)) {
    throw Error(Fault::Mismatch, out.string(), "the folder is not empty and not a demo data set",
                "Choose a new or empty folder");
  }
  fs::create_directories(out);
  write_demo_text(path, manifest);
}

void write_demo_videos(const fs::path& folder, const std::vector<std::string>& names,
                       const std::function<void(std::size_t, const fs::path&)>& write, const char* unit,
                       const Progress& progress) {
  fs::create_directories(folder);
  const auto total = static_cast<std::int64_t>(names.size());
  std::int64_t done = 0;
  std::atomic<bool> stop{false};
  std::mutex mutex;  // progress is called by one thread at a time
  const HandedOn to_threads(&done);
  const auto make = [&](std::size_t i) {
    const TakenOver from_caller(&done);
    if (stop) return;
    const fs::path path = folder / (names[i] + ".mp4");
    if (!fs::exists(path)) write(i, path);
    const std::lock_guard lock(mutex);
    ++done;
    if (progress && !progress({unit, done, total})) stop = true;
  };
  tbb::parallel_for(std::size_t{0}, names.size(), make, tbb::simple_partitioner());
  if (stop && done < total) {
    throw Error(Fault::Interrupted, folder.string(),
                std::to_string(done) + " of " + std::to_string(total) + ' ' + unit + " are done",
                "Run the same command again to resume");
  }
}

}  // namespace tvr
