// narration_bench [LINES] [FOLDER]: writes a caption.json with the statistics of HowTo100M's, as far as they
// are published (110 lines a video, 8 words a line, lines that overlap), imports it, and reads videos at
// random. The files are deleted.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "data/narrations/narration_file.h"
#include "data/narrations/narration_source.h"
#include "data/narrations/narration_writer.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLinesOfAll = 136'600'000;  // HowTo100M
constexpr std::int64_t kLinesPerVideo = 110;
constexpr std::int64_t kWordsPerLine = 8;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

double processor_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Words of two to nine letters.
std::vector<std::string> vocabulary(std::mt19937& random) {
  std::vector<std::string> words(20'000);
  for (std::string& word : words) {
    for (auto letters = 2 + random() % 8; letters > 0; --letters)
      word += static_cast<char>('a' + random() % 26);
  }
  return words;
}

/// One video; times in hundredths of a second, as Python prints them.
std::string video_of(std::int64_t number, const std::vector<std::string>& words, std::mt19937& random) {
  std::string start, end, text;
  const auto lines = static_cast<std::int64_t>(random() % (2 * kLinesPerVideo + 1));
  std::int64_t time = random() % 1000;
  for (std::int64_t i = 0; i < lines; ++i) {
    const char* const comma = i == 0 ? "" : ", ";
    start += fmt::format("{}{}", comma, static_cast<double>(time) / 100);
    end += fmt::format("{}{}", comma, static_cast<double>(time + 300 + random() % 400) / 100);
    time += 150 + random() % 400;
    text += fmt::format("{}\"", comma);
    for (auto count = random() % (2 * kWordsPerLine + 1); count > 0; --count)
      text += words[random() % words.size()] + (count > 1 ? " " : "");
    text += '"';
  }
  return fmt::format("\"video{:06}\": {{\"start\": [{}], \"end\": [{}], \"text\": [{}]}}", number, start, end,
                     text);
}

void write_json(const fs::path& path, std::int64_t lines) {
  std::mt19937 random(1);
  const std::vector<std::string> words = vocabulary(random);
  std::ofstream out(path, std::ios::binary);
  for (std::int64_t video = 0; video * kLinesPerVideo < lines; ++video)
    out << (video == 0 ? "{" : ", ") << video_of(video, words, random);
  out << "}";
}

void measure_import(const fs::path& json, const fs::path& file) {
  const auto start = Clock::now();
  const double processor_start = processor_s();
  const auto source = open_narrations(json);
  NarrationWriter writer(file, "bench");
  for (NarratedVideo video; source->next(video);) writer.add(video.id, video.narration, source->position());
  writer.finish();
  const double seconds = seconds_since(start), rate = static_cast<double>(writer.line_count()) / seconds;
  const double bytes = static_cast<double>(fs::file_size(file));
  fmt::print(
      "import: {} videos, {} lines, {:.0f} MB of JSON to {:.0f} MB in {:.1f} s, {:.1f} s of processor time\n",
      writer.video_count(), writer.line_count(), static_cast<double>(fs::file_size(json)) / 1e6, bytes / 1e6,
      seconds, processor_s() - processor_start);
  fmt::print(
      "  {:.0f} lines a second: the {} of HowTo100M in {:.0f} s, {:.1f} GB; peak memory so far {:.0f} MB\n",
      rate, kLinesOfAll, kLinesOfAll / rate,
      bytes / static_cast<double>(writer.line_count()) * kLinesOfAll / 1e9, peak_mb());
}

/// Reads videos at random in each of `threads`.
void measure_reading(const NarrationFile& file, unsigned threads) {
  constexpr int kReads = 20'000;
  const auto start = Clock::now();
  std::vector<std::thread> readers;
  for (unsigned t = 0; t < threads; ++t) {
    readers.emplace_back([&file, t] {
      std::mt19937 random(t);
      for (int i = 0; i < kReads; ++i)
        (void)file.read(random() % static_cast<std::uint64_t>(file.video_count()));
    });
  }
  for (std::thread& reader : readers) reader.join();
  fmt::print("read(): {:.4f} ms a video with {} thread{}, {:.0f} videos a second\n",
             1e3 * seconds_since(start) / kReads, threads, threads == 1 ? "" : "s",
             threads * kReads / seconds_since(start));
}

int main_of(int argc, char** argv) {
  const std::int64_t lines = argc > 1 ? std::atoll(argv[1]) : 100'000;
  const fs::path folder = argc > 2 ? argv[2] : fs::temp_directory_path();
  const fs::path json = folder / "narration_bench.json", path = folder / "narration_bench.db";
  write_json(json, lines);
  measure_import(json, path);
  fs::remove(json);
  const auto start = Clock::now();
  const NarrationFile file(path);
  fmt::print("opened in {:.1f} ms\n", 1e3 * seconds_since(start));
  for (const unsigned threads : {1U, 2U}) measure_reading(file, threads);
  const auto verify_start = Clock::now();
  const bool sound = file.verify().empty();
  fmt::print("verified in {:.1f} s; peak memory {:.0f} MB\n", seconds_since(verify_start), peak_mb());
  fs::remove(path);
  return sound ? 0 : 1;
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  try {
    return tvr::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "narration_bench: %s\n", error.what());
    return 1;
  }
}
