#include "data/datasets/shard.h"

#include <charconv>

#include "data/error.h"
#include "data/fingerprint.h"

namespace tvr {
namespace {

[[noreturn]] void refuse(const std::string& shard) {
  throw Error(Fault::InvalidArgument, "--shard", "'" + shard + "' is not I/N with 1 <= I <= N",
              "Write 3/16, say");
}

std::uint64_t whole_number(const std::string& text, const std::string& shard) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value == 0) refuse(shard);
  return value;
}

/// The first 64 bits of the id's SHA-256.
std::uint64_t stable_hash(const std::string& id) {
  return std::stoull(sha256(id).substr(0, 16), nullptr, 16);
}

}  // namespace

std::vector<VideoSource> shard_of(const std::vector<VideoSource>& videos, const std::string& shard) {
  const std::size_t slash = shard.find('/');
  if (slash == std::string::npos) refuse(shard);
  const std::uint64_t part = whole_number(shard.substr(0, slash), shard);
  const std::uint64_t parts = whole_number(shard.substr(slash + 1), shard);
  if (part > parts) refuse(shard);
  std::vector<VideoSource> mine;
  for (const VideoSource& video : videos) {
    if (shard_number(video.id, parts) == part) mine.push_back(video);
  }
  return mine;
}

std::uint64_t shard_number(const std::string& video_id, std::uint64_t parts) {
  return stable_hash(video_id) % parts + 1;
}

std::string array_expression(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (end - i > 1) text += "-" + std::to_string(numbers[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace tvr
