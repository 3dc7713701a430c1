// Read back by a reader of its own: lengths, CRCs bit by bit, and the few kinds of fields there are.
#include "pipeline/learning/event_file.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "pipeline/run/run_folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// CRC-32C by the definition: division of the bits by the polynomial.
std::uint32_t crc_by_bits(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const std::uint32_t in = (static_cast<unsigned char>(byte) >> bit) & 1U;
      const bool carry = ((crc ^ in) & 1U) != 0;
      crc >>= 1;
      if (carry) crc ^= 0x82f63b78U;
    }
  }
  return crc ^ 0xffffffffU;
}

template <class Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

bool has_crc(const std::string& bytes, std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8U;
  return ((rotated >> 17) | (rotated << 15)) == crc_by_bits(bytes);
}

std::vector<std::string> records_of(const std::string& file) {
  std::vector<std::string> records;
  for (std::size_t at = 0; at < file.size();) {
    const auto length = static_cast<std::size_t>(number_at<std::uint64_t>(file, at));
    EXPECT_TRUE(has_crc(file.substr(at, 8), number_at<std::uint32_t>(file, at + 8)));
    records.push_back(file.substr(at + 12, length));
    EXPECT_TRUE(has_crc(records.back(), number_at<std::uint32_t>(file, at + 12 + length)));
    at += 16 + length;
  }
  return records;
}

/// The fields of a message, by number, as they lie: varints decoded to eight bytes.
std::multimap<int, std::string> fields_of(const std::string& message) {
  std::multimap<int, std::string> fields;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    std::uint64_t length = (key & 7) == 1 ? 8 : 4;
    if ((key & 7) == 0) {
      const std::uint64_t value = varint();
      fields.emplace(key >> 3, std::string(reinterpret_cast<const char*>(&value), sizeof value));
      continue;
    }
    if ((key & 7) == 2) length = varint();
    fields.emplace(key >> 3, message.substr(at, length));
    at += length;
  }
  return fields;
}

TEST(EventFile, HoldsAVersionAndThenThePointsOfEveryCurve) {
  const TempFolder folder;
  EventFile file(folder / "events");
  file.add(1, 1234.5, {{"train/loss", 0.25F}, {"val/R@1", 12.5F}});
  file.add(300, 1235.5, {{"train/loss", 0.125F}});
  const auto records = records_of(read_text(folder / "events"));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(fields_of(records[0]).find(3)->second, "brain.Event:2");
  EXPECT_EQ(number_at<double>(fields_of(records[1]).find(1)->second, 0), 1234.5);
  EXPECT_EQ(number_at<std::uint64_t>(fields_of(records[2]).find(2)->second, 0), 300u);
  const auto values = fields_of(fields_of(records[1]).find(5)->second);
  ASSERT_EQ(values.count(1), 2u);
  const auto first = fields_of(values.begin()->second), second = fields_of(std::next(values.begin())->second);
  EXPECT_EQ(first.find(1)->second, "train/loss");
  EXPECT_EQ(number_at<float>(first.find(2)->second, 0), 0.25F);
  EXPECT_EQ(second.find(1)->second, "val/R@1");
  EXPECT_EQ(number_at<float>(second.find(2)->second, 0), 12.5F);
}

TEST(EventFile, BeginsAnew) {
  const TempFolder folder;
  EventFile(folder / "events").add(1, 0, {{"loss", 1.0F}});
  const EventFile again(folder / "events");
  EXPECT_EQ(records_of(read_text(folder / "events")).size(), 1u);
}

TEST(EventFile, ThatCannotBeWrittenIsAnError) {
  testing::expect_error([] { EventFile("/nowhere/events"); }, Fault::Unreadable, "/nowhere/events");
}

}  // namespace
}  // namespace tvr
