#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/tensors/pickle.h"
#include "tests/data/tensors/numpy_pickles.h"
#include "tests/support/base64.h"
#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/support/pth_bytes.h"

namespace tvr {
namespace {

using namespace std::string_literals;
using testing::little_endian;

/// A value with all it refers to, as text.
std::string text_of(const Pickle& pickle, const Pickle::Value& value, int depth = 0) {
  if (depth > 20) return "...";
  std::string text = std::to_string(static_cast<int>(value.kind)) + ":" + std::to_string(value.integer) +
                     ":" + std::string(value.text) + ":" + std::string(Pickle::array(value).data) + "[";
  for (const Pickle::Id item : value.items) text += text_of(pickle, pickle[item], depth + 1) + ",";
  return text + "]";
}

std::vector<std::string> items_of(const std::string& bytes) {
  std::vector<std::string> items;
  PickleDict dict(bytes, "x.pickle");
  while (dict.next()) {
    for (const Pickle::Id id : dict.items()) items.push_back(text_of(dict.pickle(), dict.pickle()[id]));
  }
  return items;
}

TEST(PickleDict, GivesTheItemsThatPickleGives) {
  int dicts = 0;
  for (const testing::NumpyPickle& one : testing::kNumpyPickles) {
    SCOPED_TRACE(::testing::Message() << one.name << ", protocol " << one.protocol);
    const std::string bytes = testing::from_base64(one.base64);
    const Pickle whole(bytes, "x");
    if (whole[whole.root()].kind != Pickle::Kind::Dict) {
      testing::expect_error([&] { (void)items_of(bytes); }, Fault::Corrupt, "it is not a dict");
      continue;
    }
    std::vector<std::string> wanted;
    for (const Pickle::Id id : whole[whole.root()].items) wanted.push_back(text_of(whole, whole[id]));
    EXPECT_EQ(items_of(bytes), wanted);
    ++dicts;
  }
  EXPECT_GT(dicts, 20);
}

std::string short_text(const std::string& text) {
  return "\x8c" + std::string(1, static_cast<char>(text.size())) + text;
}
std::string get(std::uint64_t index) { return "j" + little_endian(index, 4); }

/// A dict of protocol 4 as pickle.dump writes it, a SETITEMS per `per_batch` items; item i is a list of
/// `values` texts and what `extra` gives. Slots: 0 the dict, 1 the text "first", then what comes.
template <class Extra>
std::string pickled(int items, int per_batch, int values, const Extra& extra) {
  std::string bytes = "\x80\x04}\x94("s + short_text("name") + short_text("first") + "\x94u";
  std::uint64_t slot = 2;
  for (int i = 0; i < items; ++i) {
    if (i % per_batch == 0) bytes += "(";
    bytes += short_text("key" + std::to_string(i)) + "\x94](";
    for (int v = 0; v < values; ++v) bytes += short_text(std::to_string(i)) + "\x94";
    slot += 1 + static_cast<std::uint64_t>(values);
    bytes += extra(i, slot) + "e";
    if (i % per_batch == per_batch - 1 || i == items - 1) bytes += "u";
  }
  return bytes + ".";
}

TEST(PickleDict, DropsWhatHasBeenRead) {
  const std::string bytes = pickled(1000, 10, 50, [](int, std::uint64_t) { return get(1); });
  PickleDict dict(bytes, "x.pickle");
  int items = 0;
  while (dict.next()) {
    EXPECT_LT(dict.pickle().count(), 1000u);
    for (std::size_t i = 1; i < dict.items().size() && items > 0; i += 2) {
      const Pickle::Value& list = dict.pickle()[dict.items()[i]];
      ASSERT_EQ(list.items.size(), 51u);
      EXPECT_EQ(dict.pickle()[list.items.back()].text, "first");
    }
    items += static_cast<int>(dict.items().size() / 2);
  }
  EXPECT_EQ(items, 1001);
  EXPECT_EQ(dict.position(), bytes.size());
}

/// Single values of each batch are fetched by a later one; they alone stay.
TEST(PickleDict, KeepsTheTextsThatAreFetchedLater) {
  std::vector<std::uint64_t> slots;
  const std::string bytes = pickled(1000, 10, 50, [&](int i, std::uint64_t slot) {
    slots.push_back(slot - 1);  // the last text of this item
    return i < 100 ? ""s : get(slots[static_cast<std::size_t>(i) - 100]);
  });
  PickleDict dict(bytes, "x.pickle");
  int item = 0;
  ASSERT_TRUE(dict.next());
  while (dict.next()) {
    EXPECT_LT(dict.pickle().count(), 2000u);
    for (std::size_t i = 1; i < dict.items().size(); i += 2, ++item) {
      const Pickle::Value& list = dict.pickle()[dict.items()[i]];
      if (item < 100) continue;
      EXPECT_EQ(dict.pickle()[list.items.back()].text, std::to_string(item - 100));
    }
  }
  EXPECT_EQ(item, 1000);
}

TEST(PickleDict, KeepsAListThatIsFetchedLater) {
  // Two dicts of an item each: {"a": [[1]]}, and then "b": the inner list.
  const std::string bytes = "\x80\x04}\x94" + short_text("a") +
                            "]]\x94K\x01"
                            "aas" +
                            short_text("b") + get(1) + "s.";
  PickleDict dict(bytes, "x.pickle");
  ASSERT_TRUE(dict.next());
  ASSERT_TRUE(dict.next());
  const Pickle::Value& list = dict.pickle()[dict.items()[1]];
  ASSERT_EQ(list.items.size(), 1u);
  EXPECT_EQ(dict.pickle()[list.items[0]].integer, 1);
  EXPECT_FALSE(dict.next());
}

TEST(PickleDict, RefusesWhatIsNoDictOrTooMuchAtOnce) {
  testing::expect_error([] { (void)items_of("\x80\x04]."s); }, Fault::Corrupt, "it is not a dict");
  testing::expect_error([] { (void)items_of("\x80\x04}]."s); }, Fault::Corrupt, "it is not a dict");
  testing::expect_error([] { (void)items_of("\x80\x04}\x94" + get(7) + "."); }, Fault::Corrupt,
                        "memo slot 7 was never set");
  testing::expect_error([] { (void)items_of("\x80\x04}cos\nsystem\n."s); }, Fault::Unsupported, "os.system");
  testing::expect_error([] { (void)items_of("\x80\x04}(K\x01u."s); }, Fault::Corrupt, "odd number");
  testing::expect_error([] { (void)items_of("\x80\x04}K\x01](" + std::string(20'000'000, 'N') + "es."); },
                        Fault::Limit, "more than 4000000 values");
  std::string fetched = "\x80\x04}";
  for (std::uint64_t i = 0; i < 4'100'000; ++i) fetched += get(i);
  testing::expect_error([&] { (void)items_of(fetched); }, Fault::Limit,
                        "more than four million of its values");
  testing::expect_error(
      [] {
        const std::string large = "\x80\x04}K\x01](" + std::string(20'000'000, 'N') + "es.";
        PickleDict(large, "x", [](const ProgressEvent&) { return false; });
      },
      Fault::Interrupted, "interrupted");
}

/// Damage is an error or other values, as it is to Pickle; the items are the same where both read it.
TEST(PickleDict, AgreesWithPickleOnDamagedBytes) {
  std::mt19937 random(1);
  int both = 0;
  for (const testing::NumpyPickle& one : testing::kNumpyPickles) {
    for (int i = 0; i < 100; ++i) {
      const std::string bytes = testing::mutate(testing::from_base64(one.base64), random);
      std::vector<std::string> items;
      bool is_read = false;
      try {
        items = items_of(bytes);
        is_read = true;
      } catch (const Error&) {
      }
      try {
        const Pickle whole(bytes, "x");
        if (!is_read || whole[whole.root()].kind != Pickle::Kind::Dict) continue;
        std::vector<std::string> wanted;
        for (const Pickle::Id id : whole[whole.root()].items) wanted.push_back(text_of(whole, whole[id]));
        EXPECT_EQ(items, wanted) << one.name << ", damage " << i;
        ++both;
      } catch (const Error&) {
      }
    }
  }
  EXPECT_GT(both, 100);
}

}  // namespace
}  // namespace tvr
