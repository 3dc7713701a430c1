#include "model/train_fields.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "../support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;

/// Another value that the domain holds.
template <class Value>
Value other(Value value, const Range<Value>& range) {
  return value == range.low ? range.high : range.low;
}
bool other(bool value, Switch) { return !value; }
template <class Value, std::size_t Count>
Value other(Value value, const Choices<Value, Count>& choices) {
  return value == choices.all[0].value ? choices.all[1].value : choices.all[0].value;
}

/// visit(name, affects, options with another value in this field alone) for every option.
template <class Visit>
void for_each_change(TrainOptions options, const Visit& visit) {
  for_each_field(options,
                 [&](const char* name, auto& value, const auto& domain, Affects affects, const char*) {
                   const auto kept = value;
                   value = other(value, domain);
                   visit(name, affects, options);
                   value = kept;
                 });
}

/// Values just outside of a range, and NaN.
template <class Value>
std::vector<Value> outside(const Range<Value>& range) {
  using Limits = std::numeric_limits<Value>;
  std::vector<Value> values;
  if constexpr (std::is_floating_point_v<Value>) {
    values = {std::nextafter(range.low, -Limits::infinity()), Limits::quiet_NaN(), -Limits::infinity(),
              std::nextafter(range.high, Limits::infinity())};
  } else {
    if (range.low > Limits::min()) values.push_back(range.low - 1);
    if (range.high < Limits::max()) values.push_back(range.high + 1);
  }
  return values;
}
std::vector<bool> outside(Switch) { return {}; }
template <class Value, std::size_t Count>
std::vector<Value> outside(const Choices<Value, Count>&) {
  return {static_cast<Value>(77)};
}

TEST(TrainFields, HaveARowForEachMemberAndAName) {
  TrainOptions options;
  std::set<const void*> members;
  std::set<std::string> names;
  int rows = 0;
  for_each_field(options, [&](const char* name, auto& value, const auto&, Affects, const char* help) {
    ++rows;
    members.insert(&value);
    names.insert(name);
    EXPECT_GT(std::string(help).size(), 10U) << name;
  });
  EXPECT_EQ(members.size(), static_cast<std::size_t>(rows)) << "two rows of one member";
  EXPECT_EQ(names.size(), static_cast<std::size_t>(rows));
}

TEST(TrainFields, ChangeTheIdentityOfTheResultUnlessOfSpeedAlone) {
  const TrainOptions defaults;
  for_each_change(defaults, [&](const char* name, Affects affects, const TrainOptions& changed) {
    EXPECT_EQ(plan_training(changed).result_identity == plan_training(defaults).result_identity,
              affects == Affects::SpeedOnly)
        << name;
  });
}

TEST(TrainFields, ChangeTheIdentityOfAStateUnlessOfSpeedOrLengthAlone) {
  const TrainOptions defaults;
  for_each_change(defaults, [&](const char* name, Affects affects, const TrainOptions& changed) {
    EXPECT_EQ(plan_training(changed).step_identity != plan_training(defaults).step_identity,
              affects == Affects::Result)
        << name;
  });
  TrainOptions cosine;
  cosine.cosine = true;
  for_each_change(cosine, [&](const char* name, Affects affects, const TrainOptions& changed) {
    EXPECT_EQ(plan_training(changed).step_identity == plan_training(cosine).step_identity,
              affects == Affects::SpeedOnly)
        << name;
  });
}

TEST(TrainFields, TellNeighbouringRatesApart) {
  TrainOptions one, next;
  next.lr = std::nextafter(one.lr, 1.0);
  EXPECT_NE(plan_training(one).result_identity, plan_training(next).result_identity);
}

TEST(TrainFields, HoldTheirDefaultsAndBothEndsOfTheirRange) {
  (void)plan_training({});
  for_each_change({}, [&](const char* name, Affects, const TrainOptions& changed) {
    EXPECT_NO_THROW((void)plan_training(changed)) << name;
    for_each_change(changed,
                    [](const char*, Affects, const TrainOptions& twice) { (void)plan_training(twice); });
  });
}

TEST(TrainFields, RefuseWhatIsOutsideTheirRangeAndNaN) {
  TrainOptions options;
  int refused = 0;
  for_each_field(options, [&](const char* name, auto& value, const auto& domain, Affects, const char*) {
    const auto kept = value;
    for (const auto& bad : outside(domain)) {
      value = bad;
      expect_error([&] { (void)plan_training(options); }, Fault::InvalidArgument, name);
      expect_error([&] { (void)plan_training(options); }, Fault::InvalidArgument, domain.text());
      ++refused;
    }
    value = kept;
  });
  EXPECT_GT(refused, 30);
}

TEST(Range, ReadsAsPeopleSayIt) {
  EXPECT_EQ((Range<int>{2, 65536}).text(), "2 to 65536");
  EXPECT_EQ((Range<std::uint64_t>{0, std::numeric_limits<std::uint64_t>::max()}).text(), "0 or more");
  EXPECT_EQ((Range<double>{kAboveZero, kUnbounded}).text(), "above 0");
  EXPECT_EQ((Range<double>{kAboveZero, 1}).text(), "above 0, at most 1");
  EXPECT_EQ((Range<double>{0.01, 1}).text(), "0.01 to 1");
  EXPECT_EQ(kTrainDevices.text(), "cpu or cuda");
}

}  // namespace
}  // namespace tvr
