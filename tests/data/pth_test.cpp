#include "data/pth.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "data/error.h"
#include "data/npy.h"
#include "data/tensor_file.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

NamedTensors some_tensors() {
  const float values[] = {1, 2, 3, 4, 5, 6};
  Tensor count;
  count.dtype = DType::I64;
  count.bytes.resize(8);
  return {{"a.weight", Tensor::from_floats({2, 3}, values)},
          {"a.half", Tensor::from_floats({3}, values, DType::F16)},
          {"empty", Tensor::from_floats({0, 4}, values)},
          {"num_batches_tracked", count}};
}

void expect_equal(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, b[i].first);
    EXPECT_EQ(a[i].second.dtype, b[i].second.dtype) << a[i].first;
    EXPECT_EQ(a[i].second.shape, b[i].second.shape) << a[i].first;
    EXPECT_EQ(a[i].second.bytes, b[i].second.bytes) << a[i].first;
  }
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Pth, ReadsWhatItWrote) {
  const TempFolder folder;
  write_pth(folder / "w.pth", some_tensors());
  expect_equal(read_pth(folder / "w.pth"), some_tensors());
}

TEST(Pth, EqualTensorsGiveEqualBytes) {
  const TempFolder folder;
  write_pth(folder / "a.pth", some_tensors());
  write_pth(folder / "b.pth", some_tensors());
  EXPECT_EQ(bytes_of(folder / "a.pth"), bytes_of(folder / "b.pth"));
}

TEST(Pth, ReadsAndWritesDictionariesOfDictionaries) {
  const TempFolder folder;
  const TensorGroups groups = {{"2d", some_tensors()}, {"3d", {}}};
  write_pth_groups(folder / "g.pth", groups);
  const TensorGroups back = read_pth_groups(folder / "g.pth");
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].first, "2d");
  expect_equal(back[0].second, groups[0].second);
  EXPECT_TRUE(back[1].second.empty());
}

TEST(Pth, EveryCutOfAFileIsAnErrorNotACrash) {
  const TempFolder folder;
  write_pth(folder / "w.pth", some_tensors());
  const std::string whole = bytes_of(folder / "w.pth");
  for (std::size_t size = 0; size < whole.size(); size += size + 64 < whole.size() ? 7 : 1) {
    std::ofstream(folder / "cut.pth", std::ios::binary) << whole.substr(0, size);
    EXPECT_THROW((void)read_weights(folder / "cut.pth"), Error) << size;
  }
}

TEST(Pth, ADamagedByteIsAnErrorOrChangesNothingThatIsRead) {
  const TempFolder folder;
  write_pth(folder / "w.pth", some_tensors());
  const std::string whole = bytes_of(folder / "w.pth");
  for (std::size_t at = 0; at < whole.size(); at += 5) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(folder / "damaged.pth", std::ios::binary) << damaged;
    try {
      expect_equal(read_weights(folder / "damaged.pth"), some_tensors());
    } catch (const Error&) {
    }
  }
}

/// A legacy pickle that calls os.system would run code in Python.
TEST(Pth, RefusesAForbiddenGlobalByName) {
  const TempFolder folder;
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  const std::string protocol("\x80\x02M\xe9\x03.", 6), system("\x80\x02}.", 4);
  std::ofstream(folder / "evil.pth", std::ios::binary) << magic << protocol << system
                                                       << std::string(
                                                              "\x80\x02"
                                                              "cposix\nsystem\nU\x04"
                                                              "true\x85R.",
                                                              26);
  try {
    (void)read_weights(folder / "evil.pth");
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::Unsupported);
    EXPECT_NE(std::string(error.what()).find("posix.system"), std::string::npos) << error.what();
  }
}

TEST(PthParity, PythonReadsOurFilesAndWeReadPythons) {
  TVR_NEEDS_PYTHON("torch");
  const TempFolder folder;
  write_pth(folder / "ours.pth", some_tensors());
  int status = 0;
  const std::string output = testing::run_python(R"(
import sys, torch
from collections import OrderedDict
folder = sys.argv[1]
ours = torch.load(folder + '/ours.pth', weights_only=True)
assert list(ours) == ['a.weight', 'a.half', 'empty', 'num_batches_tracked'], list(ours)
assert ours['a.weight'].tolist() == [[1, 2, 3], [4, 5, 6]] and ours['a.half'].dtype == torch.float16
assert ours['empty'].shape == (0, 4) and ours['num_batches_tracked'].item() == 0
torch.save(ours, folder + '/zip.pth')
torch.save({'epoch': 3, 'state_dict': OrderedDict(('module.' + k, v) for k, v in ours.items())},
           folder + '/legacy.pth', _use_new_zipfile_serialization=False)
big = torch.arange(24.).reshape(2, 3, 4)
torch.save({'t': big.permute(2, 0, 1), 'tail': big[1, 1:], 'bf': big.bfloat16()[0], 'one': torch.tensor(7.)}, folder + '/views.pth')
)",
                                                 "'" + folder.path().string() + "'", status);
  ASSERT_EQ(status, 0) << output;
  expect_equal(read_weights(folder / "zip.pth"), some_tensors());
  expect_equal(read_weights(folder / "legacy.pth"), some_tensors());
  const NamedTensors views = read_weights(folder / "views.pth");
  ASSERT_EQ(views.size(), 4u);
  EXPECT_EQ(views[0].second.shape, (std::vector<std::int64_t>{4, 2, 3}));
  EXPECT_EQ(views[0].second.to_floats()[5], 20.0F) << "[0, 1, 2] of the permuted is [1, 2, 0]";
  EXPECT_EQ(views[1].second.to_floats()[0], 16.0F);
  EXPECT_EQ(views[2].second.to_floats()[11], 11.0F);
  EXPECT_EQ(views[3].second.to_floats(), std::vector<float>{7.0F});
}

TEST(Npy, ReadsWhatItWroteInEveryRank) {
  const TempFolder folder;
  const float values[] = {1, 2, 3, 4, 5, 6};
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {6}, {2, 3}, {1, 2, 3}}) {
    const Tensor tensor = Tensor::from_floats(shape, values);
    write_npy(folder / "a.npy", tensor);
    const Tensor back = read_npy(folder / "a.npy");
    EXPECT_EQ(back.shape, shape);
    EXPECT_EQ(back.bytes, tensor.bytes);
  }
}

TEST(NpyParity, NumpyReadsOurFilesAndWeReadNumpys) {
  TVR_NEEDS_PYTHON("numpy");
  const TempFolder folder;
  const float values[] = {1, 2, 3, 4, 5, 6};
  write_npy(folder / "ours.npy", Tensor::from_floats({2, 3}, values, DType::F16));
  int status = 0;
  const std::string output = testing::run_python(R"(
import sys, numpy
folder = sys.argv[1]
ours = numpy.load(folder + '/ours.npy')
assert ours.dtype == numpy.float16 and ours.tolist() == [[1, 2, 3], [4, 5, 6]]
numpy.save(folder + '/fortran.npy', numpy.asfortranarray(ours.astype('f8')))
)",
                                                 "'" + folder.path().string() + "'", status);
  ASSERT_EQ(status, 0) << output;
  EXPECT_EQ(read_npy(folder / "fortran.npy").to_floats(), std::vector<float>(values, values + 6));
}

}  // namespace
}  // namespace tvr
