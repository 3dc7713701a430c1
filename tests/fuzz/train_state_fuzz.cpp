#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "data/error.h"
#include "model/train_state.h"
#include "tests/support/memory_file.h"

namespace {

/// The checksum of a state of a joint embedding of 1 x 1 values: magic, length, header and each array, which
/// is one number, are added one by one.
std::uint64_t checksum_of(const std::string& bytes) {
  constexpr std::size_t kMagic = 18;
  tvr::Checksum checksum;
  std::size_t at = 0;
  const auto add = [&](std::size_t count) {
    const std::size_t there = std::min(count, bytes.size() - at);
    checksum.add(bytes.data() + at, there);
    at += there;
  };
  std::uint64_t length = 0;
  if (bytes.size() >= kMagic + sizeof length) std::memcpy(&length, bytes.data() + kMagic, sizeof length);
  add(kMagic);
  add(sizeof length);
  add(length);
  while (at < bytes.size()) add(sizeof(float));
  return checksum.value();
}

}  // namespace

/// A training state with the checksum that fits it, as a stranger could write it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::uint64_t sum = checksum_of(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  try {
    static_cast<void>(tvr::read_state(file.hold(bytes), {1, 1, 1, 1}, ""));
  } catch (const tvr::Error&) {
  }
  return 0;
}
