#include "data/store/row_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>

#include "data/store/feature.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

constexpr std::int64_t kDim = 100;
using Row = std::array<std::uint16_t, kDim>;

Row row_of(std::int64_t number) {
  Row row{};
  row.fill(static_cast<std::uint16_t>(number));
  return row;
}

TimeSpan span_of(std::int64_t number) { return {Micros(number), Micros(number + 1)}; }

TEST(RowFile, GivesRowsBackToTheSameKeyAlone) {
  const testing::TempFolder folder;
  const RowPlace place{folder / "rows", "key"};
  RowFile(place, kDim).write(2, span_of(2), row_of(2).data());
  TimeSpan span;
  Row row{};
  EXPECT_TRUE(RowFile(place, kDim).read(2, span, row.data()));
  EXPECT_EQ(row, row_of(2));
  EXPECT_EQ(span, span_of(2));
  EXPECT_FALSE(RowFile(place, kDim).read(1, span, row.data())) << "never written";
  EXPECT_FALSE(RowFile(place, kDim).read(3, span, row.data())) << "beyond the end";
  EXPECT_FALSE(RowFile({place.file, "another key"}, kDim).read(2, span, row.data()));
}

TEST(RowFile, OnAFullDiskIsAFailureOfTheMachineAndLeavesTheRowsBefore) {
  const testing::TempFolder folder;
  const RowPlace place{folder / "rows", "key"};
  const testing::ChildReport report = testing::in_child([&]() -> std::string {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};  // three rows and a part of the next
    setrlimit(RLIMIT_FSIZE, &limit);
    RowFile file(place, kDim);
    try {
      for (std::int64_t i = 0; i < 10; ++i) file.write(i, span_of(i), row_of(i).data());
    } catch (const Error& error) {
      return std::string(name(error.fault())) + ": " + error.what();
    }
    return "all written";
  });
  EXPECT_THAT(report.text, ::testing::StartsWith("machine: " + place.file.string()));
  HalfSequence features;
  features.dim = kDim;
  features.place = place;
  features.resume();
  EXPECT_EQ(features.rows(), 3);
}

}  // namespace
}  // namespace tvr
