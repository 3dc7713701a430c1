// Each reader on thousands of damaged files, the same ones in every run: tensors that are whole, or an Error.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <random>

#include "data/tensors/npy.h"
#include "data/tensors/pth.h"
#include "data/tensors/safetensors.h"
#include "data/tensors/tensor_file.h"
#include "tests/support/memory_file.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/temp_folder.h"
#include "tests/support/whole_tensors.h"

namespace tvr {
namespace {

/// Damages bytes as transport, disks and evil do. Uses the generator's raw output alone, which is the same
/// everywhere.
class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string operator()(std::string bytes) {
    for (std::uint32_t left = 1 + below(4); left > 0; --left) damage(bytes);
    return bytes;
  }

 private:
  std::uint32_t below(std::size_t end) {
    return static_cast<std::uint32_t>(random_() % std::max<std::size_t>(1, end));
  }

  void damage(std::string& bytes) {
    if (bytes.empty()) return;
    const std::size_t at = below(bytes.size());
    switch (below(7)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        bytes[at] = static_cast<char>(random_());
        break;
      case 2: {  // a number at its edges
        static const std::uint64_t edges[] = {0,          1,          0x7f,      0xff,
                                              0x7fffffff, 0xffffffff, INT64_MAX, ~std::uint64_t{0}};
        const int width = 1 << below(4);
        bytes.replace(at, static_cast<std::size_t>(width), testing::little_endian(edges[below(8)], width));
        break;
      }
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.erase(at, 1 + below(16));
        break;
      case 5:  // a part again, elsewhere
        bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(32)));
        break;
      default:  // an opcode of pickle where it does not belong
        bytes[at] = "().0NK]}aesutqhrRbQ\x80\x85\x86\x93\x94\x95"[below(25)];
    }
  }

  std::mt19937 random_;
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Counts {
  int read = 0, refused = 0;
};

Counts read_mutated(const std::string& seed, int times,
                    const std::function<NamedTensors(const std::string&)>& read) {
  EXPECT_TRUE(testing::gives_tensors([&] { return read(seed); })) << "the undamaged file is read";
  Mutator mutate(1);
  Counts counts;
  for (int i = 0; i < times; ++i) {
    const std::string mutated = mutate(seed);
    ++(testing::gives_tensors([&] { return read(mutated); }) ? counts.read : counts.refused);
  }
  return counts;
}

constexpr int kTimes = 2000;

TEST(MutatedTensorFiles, OfTheLegacyFormatAreReadWholeOrRefused) {
  testing::MemoryFile file;
  const std::string seed = testing::legacy_pth(testing::pickled_state());
  const Counts counts =
      read_mutated(seed, kTimes, [&](const auto& bytes) { return read_weights(file.hold(bytes)); });
  EXPECT_GT(counts.read, 0);
  EXPECT_GT(counts.refused, kTimes / 2);
}

TEST(MutatedTensorFiles, OfTheZipFormatAreReadWholeOrRefused) {
  testing::MemoryFile file;
  const std::string seed = testing::zip_pth(testing::pickled_state());
  const Counts counts =
      read_mutated(seed, kTimes, [&](const auto& bytes) { return read_weights(file.hold(bytes)); });
  EXPECT_GT(counts.read, 0);
  EXPECT_GT(counts.refused, kTimes / 2);
}

TEST(MutatedTensorFiles, OfDamagedPicklesAreReadWholeOrRefused) {
  testing::MemoryFile file;
  const auto packed = [&](const std::string& pickle) { return file.hold(testing::zip_pth(pickle)); };
  const std::string state = testing::pickled_state();
  const Counts flat =
      read_mutated(state, kTimes, [&](const auto& pickle) { return read_pth(packed(pickle)); });
  EXPECT_GT(flat.read, 0);
  EXPECT_GT(flat.refused, kTimes / 2);
  const std::string groups =
      "\x80\x02}" + testing::pickled(std::string("2d")) + state.substr(2, state.size() - 3) + "s.";
  const Counts nested = read_mutated(
      groups, kTimes, [&](const auto& pickle) { return read_pth_groups(packed(pickle)).at(0).second; });
  EXPECT_GT(nested.read, 0);
  EXPECT_GT(nested.refused, kTimes / 2);
}

TEST(MutatedTensorFiles, OfSafetensorsAreReadWholeOrRefused) {
  testing::MemoryFile file;
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]}})";
  const std::string seed =
      testing::little_endian(header.size(), 8) + header + testing::six_floats()[0].second;
  const Counts counts =
      read_mutated(seed, kTimes, [&](const auto& bytes) { return read_safetensors(file.hold(bytes)); });
  EXPECT_GT(counts.read, 0);
  EXPECT_GT(counts.refused, kTimes / 2);
}

TEST(MutatedTensorFiles, OfNumpyAreReadWholeOrRefused) {
  const testing::TempFolder folder;
  testing::MemoryFile file;
  const float values[] = {1, 2, 3, 4, 5, 6};
  write_npy(folder / "a.npy", Tensor::from_floats({2, 3}, values));
  const Counts counts = read_mutated(content_of(folder / "a.npy"), kTimes, [&](const auto& bytes) {
    return NamedTensors{{"array", read_npy(file.hold(bytes))}};
  });
  EXPECT_GT(counts.read, 0);
  EXPECT_GT(counts.refused, kTimes / 2);
}

}  // namespace
}  // namespace tvr
