#include "pipeline/shard.h"

#include <charconv>
#include <cstdint>

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
    if (stable_hash(video.id) % parts == part - 1) mine.push_back(video);
  }
  return mine;
}

}  // namespace tvr
