#include "data/tensors/pickle.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/sanitizers.h"

namespace tvr {
namespace {

using namespace std::string_literals;
using testing::expect_error;
using testing::pickled;
using Kind = Pickle::Kind;

void expect_refused(const std::string& opcodes, Fault fault, const std::string& phrase) {
  SCOPED_TRACE(phrase);
  expect_error([&] { const Pickle pickle(opcodes, "w.pth"); }, fault, phrase);
}

TEST(Pickle, ReadsNumbersTextsAndContainers) {
  const std::string bytes =
      "\x80\x02}(X\x01\0\0\0aK\x05U\x01"
      "bJ\xff\xff\xff\xffX\x01\0\0\0c](N\x88\x8a\x02\xff\xff\x8a\x00G\0\0\0\0\0\0\0\0eu.rest"s;
  const Pickle pickle(bytes, "w.pth");
  EXPECT_EQ(pickle.size(), bytes.size() - 4) << "what comes after it is not its own";
  const Pickle::Value& root = pickle[pickle.root()];
  ASSERT_EQ(root.kind, Kind::Dict);
  EXPECT_EQ(pickle.get(root, "a")->integer, 5);
  EXPECT_EQ(pickle.get(root, "b")->integer, -1);
  EXPECT_EQ(pickle.get(root, "d"), nullptr);
  const Pickle::Value& list = *pickle.get(root, "c");
  ASSERT_EQ(list.items.size(), 5U);
  EXPECT_EQ(pickle[list.items[0]].kind, Kind::None);
  EXPECT_EQ(pickle[list.items[1]].integer, 1);
  EXPECT_EQ(pickle[list.items[2]].integer, -1) << "two bytes, with a sign";
  EXPECT_EQ(pickle[list.items[3]].integer, 0) << "no bytes";
  EXPECT_EQ(pickle[list.items[4]].kind, Kind::Float);
}

TEST(Pickle, SharesWhatIsRememberedAndDuplicated) {
  const std::string bytes = "\x80\x04K\x07q\x09h\x09\x32\x87."s;
  const Pickle pickle(bytes, "w.pth");
  const auto& items = pickle[pickle.root()].items;
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0], items[2]);
  EXPECT_EQ(pickle[items[1]].integer, 7);
}

TEST(Pickle, ReadsTensorsAsPython2WroteThem) {
  const std::string bytes = testing::pickled_state();
  const Pickle pickle(bytes, "w.pth");
  const Pickle::Value& tensor = *pickle.get(pickle[pickle.root()], "w");
  ASSERT_EQ(tensor.kind, Kind::Tensor);
  const TensorView& view = pickle.view(tensor);
  EXPECT_EQ(view.storage, "0");
  EXPECT_EQ(view.dtype, DType::F32);
  EXPECT_EQ(view.storage_numel, 6);
  EXPECT_EQ(view.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(view.strides, (std::vector<std::int64_t>{3, 1}));
}

TEST(Pickle, RefusesEveryGlobalThatIsNotOnTheListByName) {
  expect_refused("\x80\x02"s + "cposix\nsystem\nU\x04true\x85R.", Fault::Unsupported, "'posix.system'");
  expect_refused("\x80\x04\x8c\x02os\x8c\x06system\x93.", Fault::Unsupported, "'os.system'");
  expect_refused("\x80\x02"s + "ccollections\nOrderedDict.__class__\n.", Fault::Unsupported,
                 "'collections.OrderedDict.__class__'");
  expect_refused("\x80\x02"s + "ctorch\nFooStorage\n.", Fault::Unsupported, "'torch.FooStorage'");
  expect_refused("\x80\x02"s + "ctorch\n" + std::string(5'000'000, 'x') + "\n.", Fault::Unsupported,
                 "'torch.xxx");
}

TEST(Pickle, RefusesWhatIsMalformedOrCut) {
  const auto malformed = [](const std::string& opcodes, const std::string& phrase) {
    expect_refused("\x80\x02" + opcodes, Fault::Corrupt, phrase);
  };
  malformed("\xff.", "opcode 0xff");
  malformed("t.", "no mark");
  malformed("(.", "a mark instead of a value");
  malformed(".", "stack is empty");
  malformed("h\x05.", "memo slot 5 was never set");
  malformed("K\x01)R.", "REDUCE of a value that is not a function");
  malformed("}(K\x01u.", "SETITEMS with an odd number");
  malformed("](K\x01K\x02u.", "SETITEMS on another kind");
  malformed("K\x01Q.", "a persistent id that is not a storage");
  malformed("\x8b\xff\xff\xff\xff.", "LONG4 of negative length");
  malformed("\x95\xff\0\0\0\0\0\0\0."s, "a frame longer than the stream");
  malformed("K\x01", "truncated");
  malformed("\x8d\0\0\0\0\0\0\0\x40."s, "truncated");
  malformed("\x8b\xff\xff\xff\x7f.", "truncated");
  malformed("cno\nend", "truncated");
  malformed("ctorch\nFloatStorage\n)R.", "'torch.FloatStorage' is called");
  testing::PickledTensor wide;
  wide.shape = wide.strides = std::vector<std::int64_t>(65, 1);
  malformed(pickled(wide) + ".", "more than 64 dimensions");
  testing::PickledTensor uneven;
  uneven.strides = {1};
  malformed(pickled(uneven) + ".", "different numbers of sizes and strides");
  expect_refused("\x80\x06N.", Fault::Corrupt, "protocol above 5");
  expect_refused("", Fault::Corrupt, "truncated");
}

TEST(Pickle, RefusesStoragesThatArePartsOfOthers) {
  testing::PickledTensor part;
  part.view = "(" + pickled("1"s) + pickled(std::int64_t{0}) + pickled(std::int64_t{6}) + "t";
  expect_refused("\x80\x02" + pickled(part) + ".", Fault::Unsupported, "a part of another");
}

std::string repeated(const std::string& opcodes, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += opcodes;
  return all;
}

/// Each of these would grow without bound for a reader that believes it.
TEST(Pickle, BombsEndAtTheirLimitInLittleMemory) {
  const std::string key = "X" + testing::little_endian(1'000'000, 4) + std::string(1'000'000, 'k') + "q\x01";
  const std::string storage_id = "(" + pickled("storage"s) + "ctorch\nFloatStorage\nh\x01NK\x01tq\x03";
  const std::string rebuild = "ctorch._utils\n_rebuild_tensor\nq\x02";
  const std::string dimensions = "(" + repeated("K\x01", 64) + "tq\x04";
  const std::string tensor = "(h\x03QK\0h\x04h\x04tq\x05"s;
  struct Bomb {
    const char* name;
    std::string opcodes;
    const char* outcome = "limit";
  };
  const Bomb bombs[] = {
      {"a memo index of 4 G", "Nr\xf0\xff\xff\xff."},
      {"nested lists", std::string(150'000, ']') + std::string(149'999, 'a') + "."},
      {"nested tuples", "N" + std::string(150'000, '\x85') + "."},
      {"ten million values", std::string(10'000'000, 'N') + "."},
      {"ten million duplicates", "N" + std::string(10'000'000, '2') + "."},
      {"an ordered dict of the same pairs again and again", "](" + repeated("NN\x86", 20'000) + "e\x85q\x01" +
                                                                "ccollections\nOrderedDict\nq\x02" +
                                                                repeated("h\x02h\x01R0", 100'000) + "."},
      {"storages with the same key of 1 MB again and again",
       key + storage_id + repeated("h\x03Q", 600'000) + ".", "read"},
      {"shapes of 64 dimensions again and again",
       key + storage_id + rebuild + dimensions + tensor + repeated("h\x02h\x05R0", 600'000) + "."},
  };
  for (const Bomb& bomb : bombs) {
    SCOPED_TRACE(bomb.name);
    const auto report = testing::in_child([&]() -> std::string {
      try {
        const Pickle pickle("\x80\x02" + bomb.opcodes, "w.pth");
        return "read";
      } catch (const Error& error) {
        return name(error.fault());
      }
    });
    EXPECT_EQ(report.text, bomb.outcome);
    EXPECT_LT(report.growth_mib, testing::kThreadSanitized ? 1500 : testing::kSanitized ? 900 : 300);
    EXPECT_LT(report.cpu_s, testing::kSanitized ? 60 : 10);  // one that is believed takes minutes
  }
}

}  // namespace
}  // namespace tvr
