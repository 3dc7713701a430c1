#include "data/datasets/shard.h"

#include <charconv>

#include "data/error.h"
#include "data/fingerprint.h"

namespace tvr {
namespace {

[[noreturn]] void refuse(const std::string& text) {
  throw Error(Fault::InvalidArgument, "--shard", "'" + text + "' is not I/N with 1 <= I <= N",
              "Use, for example, 3/16");
}

std::uint64_t whole_number(const std::string& part, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(part.data(), part.data() + part.size(), value);
  if (problem != std::errc{} || end != part.data() + part.size() || value == 0) refuse(text);
  return value;
}

/// The first 64 bits of the id's SHA-256.
std::uint64_t stable_hash(const std::string& id) {
  return std::stoull(sha256(id).substr(0, 16), nullptr, 16);
}

}  // namespace

Shard shard_named(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) refuse(text);
  const Shard shard{whole_number(text.substr(0, slash), text), whole_number(text.substr(slash + 1), text)};
  if (shard.index > shard.count) refuse(text);
  return shard;
}

std::vector<VideoSource> shard_of(const std::vector<VideoSource>& videos, const Shard& shard) {
  std::vector<VideoSource> mine;
  for (const VideoSource& video : videos) {
    if (shard_number(video.id, shard.count) == shard.index) mine.push_back(video);
  }
  return mine;
}

std::uint64_t shard_number(const std::string& video_id, std::uint64_t count) {
  return stable_hash(video_id) % count + 1;
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
