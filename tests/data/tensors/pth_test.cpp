#include "data/tensors/pth.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "data/tensors/tensor_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/python.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

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

TEST(Pth, ReadsLegacyFilesOfPython2) {
  const TempFolder folder;
  const auto path = testing::write_file(folder / "w.pth", testing::legacy_pth(testing::pickled_state()));
  const NamedTensors tensors = read_pth(path);
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].first, "w");
  EXPECT_EQ(tensors[0].second.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(tensors[0].second.to_floats(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

NamedTensors read_with(const testing::PickledTensor& tensor) {
  const TempFolder folder;
  const std::string pickle = testing::pickled_state(tensor);
  NamedTensors zipped = read_pth(testing::write_file(folder / "zip.pth", testing::zip_pth(pickle)));
  expect_equal(read_pth(testing::write_file(folder / "legacy.pth", testing::legacy_pth(pickle))), zipped);
  return zipped;
}

TEST(Pth, HonoursStridesAndOffsets) {
  testing::PickledTensor view;
  view.shape = {3, 2}, view.strides = {1, 3};
  EXPECT_EQ(read_with(view)[0].second.to_floats(), (std::vector<float>{1, 4, 2, 5, 3, 6})) << "transposed";
  view.shape = {2, 2}, view.strides = {3, 1}, view.offset = 1;
  EXPECT_EQ(read_with(view)[0].second.to_floats(), (std::vector<float>{2, 3, 5, 6})) << "columns 1 and 2";
  view.shape = {2, 3}, view.strides = {0, 2}, view.offset = 1;
  EXPECT_EQ(read_with(view)[0].second.to_floats(), (std::vector<float>{2, 4, 6, 2, 4, 6})) << "expanded";
  view.shape = {1, 3, 1}, view.strides = {99, 1, 77}, view.offset = 3;
  EXPECT_EQ(read_with(view)[0].second.to_floats(), (std::vector<float>{4, 5, 6}))
      << "axes of one do not step";
  view.shape = {}, view.strides = {}, view.offset = 5;
  EXPECT_EQ(read_with(view)[0].second.to_floats(), (std::vector<float>{6})) << "a scalar";
  view.shape = {0, 4}, view.strides = {4, 1}, view.offset = 6;
  EXPECT_TRUE(read_with(view)[0].second.bytes.empty());
}

TEST(Pth, RefusesTensorsThatLeaveTheirStorageByName) {
  const auto refused = [](const testing::PickledTensor& tensor, Fault fault, const std::string& phrase) {
    testing::expect_error([&] { (void)read_with(tensor); }, fault, "tensor 'w' " + phrase);
  };
  testing::PickledTensor tensor;
  tensor.shape = {3, 3};
  refused(tensor, Fault::Corrupt,
          "is out of bounds: shape [3, 3], strides [3, 1], offset 0 in a storage of 6");
  tensor = {};
  tensor.offset = 1;
  refused(tensor, Fault::Corrupt, "is out of bounds");
  tensor.offset = -1;
  refused(tensor, Fault::Corrupt, "is out of bounds");
  tensor = {};
  tensor.shape = {-2, -3};
  refused(tensor, Fault::Corrupt, "has a bad shape");
  tensor = {};
  tensor.strides = {-3, 1};
  refused(tensor, Fault::Corrupt, "has a bad shape");
  tensor = {};
  tensor.shape = {std::int64_t{1} << 62, 4};
  refused(tensor, Fault::Corrupt, "has a bad shape (its size overflows)");
  tensor.shape = {1 << 20, 1 << 20}, tensor.strides = {0, 0};
  refused(tensor, Fault::Limit, "is too large for its file");
}

TEST(Pth, RefusesStoragesThatAreMissingOrShort) {
  testing::PickledTensor tensor;
  tensor.storage = "1";
  testing::expect_error([&] { (void)read_with(tensor); }, Fault::Corrupt, "storage '1' is missing");
  tensor = {};
  tensor.storage_numel = 7;
  testing::expect_error([&] { (void)read_with(tensor); }, Fault::Corrupt, "storage '0' is smaller");
  const TempFolder folder;
  std::string bytes = testing::legacy_pth(testing::pickled_state());
  for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{7}, INT64_MAX}) {
    bytes.replace(bytes.size() - 32, 8, testing::little_endian(static_cast<std::uint64_t>(count), 8));
    const auto path = testing::write_file(folder / "w.pth", bytes);
    testing::expect_error([&] { (void)read_pth(path); }, Fault::Corrupt, "storage '0' is truncated");
  }
}

TEST(Pth, ChecksWhatItReadsFromAZipByItsChecksum) {
  const TempFolder folder;
  write_pth(folder / "w.pth", some_tensors());
  std::string bytes = bytes_of(folder / "w.pth");
  const std::string values("\0\0\x80\x3f\0\0\0\x40", 8);
  const std::size_t at = bytes.find(values);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 2] = '\x81';
  const auto path = testing::write_file(folder / "w.pth", bytes);
  testing::expect_error([&] { (void)read_pth(path); }, Fault::Corrupt,
                        "record 'archive/data/0' does not match its checksum");
}

TEST(Pth, RefusesWhatIsNoStateDict) {
  const TempFolder folder;
  const auto refused = [&](const std::string& pickle) {
    const auto path = testing::write_file(folder / "w.pth", testing::zip_pth(pickle));
    testing::expect_error([&] { (void)read_pth(path); }, Fault::Corrupt, "not a state dict");
  };
  refused(
      "\x80\x02](K\x01K\x02"
      "e.");
  refused("\x80\x02K\x01.");
  refused("\x80\x02}" + testing::pickled(std::string("epoch")) + "K\x01s.");
}

TEST(Pth, SaysWhatAFileIsThatIsNoCheckpoint) {
  const TempFolder folder;
  const auto refused = [&](const std::string& bytes, const std::string& phrase) {
    const auto path = testing::write_file(folder / "w.pth", bytes);
    testing::expect_error([&] { (void)read_weights(path); }, Fault::Corrupt,
                          "not a PyTorch checkpoint" + phrase);
  };
  refused("", ": the file is empty");
  refused("<!DOCTYPE html><title>404</title>", ": a web page");
  refused("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", ": a Git LFS pointer");
  refused("\x89HDF\r\n\x1a\n", ": an HDF5 file");
  refused("\x1f\x8b\x08", ": compressed with gzip");
  refused("a,b\n1,2\n", "");
  refused(std::string("\x80\x02\x8a\x0a") + "0123456789.", "");
}

TEST(Pth, RefusesBigEndianFiles) {
  const TempFolder folder;
  const auto path = testing::write_file(
      folder / "w.pth", testing::zip_pth(testing::pickled_state(), testing::six_floats(), "big"));
  testing::expect_error([&] { (void)read_pth(path); }, Fault::Unsupported, "byteorder is 'big'");
}

TEST(Weights, NamesTheTensorThatIsNotFinite) {
  const TempFolder folder;
  const float values[] = {1, std::numeric_limits<float>::quiet_NaN()};
  write_pth(folder / "w.pth",
            {{"good", Tensor::from_floats({1}, values)}, {"fc.bias", Tensor::from_floats({2}, values)}});
  testing::expect_error([&] { (void)read_weights(folder / "w.pth"); }, Fault::Corrupt,
                        "tensor 'fc.bias' holds a value that is not finite");
}

TEST(Weights, FindsTheStateDictOfACheckpointAndDropsThePrefixThatAllNamesShare) {
  const TempFolder folder;
  const std::string state =
      "}" + testing::pickled(std::string("module.w")) + testing::pickled(testing::PickledTensor()) + "s";
  for (const char* key : {"state_dict", "model_state_dict", "model", "net"}) {
    const std::string pickle = "\x80\x02}(" + testing::pickled(std::string("epoch")) + "K\x03" +
                               testing::pickled(std::string(key)) + state + "u.";
    const NamedTensors tensors =
        read_weights(testing::write_file(folder / "w.pth", testing::zip_pth(pickle)));
    ASSERT_EQ(tensors.size(), 1U) << key;
    EXPECT_EQ(tensors[0].first, "w") << key;
  }
  const float one[] = {1};
  write_pth(folder / "w.pth",
            {{"module.a", Tensor::from_floats({1}, one)}, {"b", Tensor::from_floats({1}, one)}});
  EXPECT_EQ(read_weights(folder / "w.pth")[0].first, "module.a") << "not all have it: it belongs to the name";
}

TEST(Weights, MissingFilesAreNotFound) {
  testing::expect_error([] { (void)read_weights("/nowhere/w.pth"); }, Fault::NotFound, "/nowhere/w.pth");
}

TEST(PthParity, PythonReadsOurFilesAndWeReadPythonsBitForBit) {
  TVR_NEEDS_PYTHON("torch");
  const TempFolder folder;
  NamedTensors tensors = some_tensors();
  for (const DType dtype : {DType::F16, DType::BF16, DType::F32, DType::F64, DType::U8, DType::I8, DType::I16,
                            DType::I32, DType::I64, DType::Bool}) {
    Tensor tensor;
    tensor.dtype = dtype;
    tensor.shape = {2, 3};
    for (std::size_t i = 0; i < 6 * size_of(dtype); ++i)
      tensor.bytes.push_back(static_cast<std::byte>(dtype == DType::Bool ? i % 2 : i));
    tensors.emplace_back(name(dtype), tensor);
  }
  write_pth(folder / "ours.pth", tensors);
  write_pth_groups(folder / "groups.pth", {{"2d", tensors}, {"3d", tensors}});
  int status = 0;
  const std::string output = testing::run_python(R"(
import sys, torch
from collections import OrderedDict
folder = sys.argv[1]
ours = torch.load(folder + '/ours.pth', weights_only=True)
groups = torch.load(folder + '/groups.pth', weights_only=True)
assert type(ours) is OrderedDict and list(groups) == ['2d', '3d']
assert ours['a.weight'].tolist() == [[1, 2, 3], [4, 5, 6]] and ours['a.half'].dtype == torch.float16
assert ours['empty'].shape == (0, 4) and ours['num_batches_tracked'].item() == 0
for name, tensor in list(ours.items())[4:]:
    assert str(tensor.dtype) == 'torch.' + name and tensor.shape == (2, 3), (name, tensor)
    for group in groups.values():
        assert torch.equal(group[name], tensor), name
torch.save(ours, folder + '/zip.pth')
torch.save(ours, folder + '/legacy.pth', _use_new_zipfile_serialization=False)
torch.save({'epoch': 3, 'best': 1.5, 'state_dict': OrderedDict(('module.' + k, v) for k, v in ours.items()),
            'optimizer': {'state': {0: {'step': 1, 'm': ours['a.weight']}}, 'param_groups': [{'lr': 1e-4}]}},
           folder + '/checkpoint.pth', _use_new_zipfile_serialization=False)
torch.save(groups, folder + '/back.pth')
big = torch.arange(24.).reshape(2, 3, 4)
views = {'t': big.permute(2, 0, 1), 'tail': big[1, 1:], 'bf': big.bfloat16()[0], 'one': torch.tensor(7.),
         'expanded': big[0, 0, 1].expand(3, 2), 'parameter': torch.nn.Parameter(big[:, ::2])}
torch.save(views, folder + '/views.pth')
torch.save({k: v.detach().float().contiguous() for k, v in views.items()}, folder + '/copies.pth')
)",
                                                 "'" + folder.path().string() + "'", status);
  ASSERT_EQ(status, 0) << output;
  expect_equal(read_pth(folder / "zip.pth"), tensors);
  expect_equal(read_pth(folder / "legacy.pth"), tensors);
  expect_equal(read_weights(folder / "checkpoint.pth"), tensors);
  const TensorGroups back = read_pth_groups(folder / "back.pth");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[1].first, "3d");
  expect_equal(back[1].second, tensors);
  const NamedTensors views = read_pth(folder / "views.pth"), copies = read_pth(folder / "copies.pth");
  ASSERT_EQ(views.size(), 6U);
  for (std::size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(views[i].second.shape, copies[i].second.shape) << views[i].first;
    EXPECT_EQ(views[i].second.to_floats(), copies[i].second.to_floats()) << views[i].first;
  }
}

/// The real files beside some checkouts, each value compared with what torch.load gives.
TEST(PthParity, RealFilesAreEqualToTorchsBitForBit) {
  TVR_NEEDS_SHARED("corpus");
  TVR_NEEDS_PYTHON("torch");
  const TempFolder folder;
  std::vector<std::filesystem::path> files;
  std::string arguments = "'" + folder.path().string() + "'";
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(testing::shared_data("corpus") / "weights")) {
    const std::string extension = entry.path().extension();
    if (extension != ".pth" && extension != ".th") continue;
    files.push_back(entry.path());
    arguments += " '" + entry.path().string() + "'";
  }
  int status = 0;
  const std::string output = testing::run_python(R"(
import sys, torch
for i, path in enumerate(sys.argv[2:]):
    state = torch.load(path, map_location='cpu')
    state = state.get('state_dict', state)
    with open(f'{sys.argv[1]}/{i}', 'wb') as out:
        for name, tensor in state.items():
            name = name[7:] if name.startswith('module.') else name
            out.write(f'{name} {list(tensor.shape)} {tensor.dtype}\n'.encode() + tensor.contiguous().numpy().tobytes())
)",
                                                 arguments, status);
  ASSERT_EQ(status, 0) << output;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::string ours;
    for (const auto& [name, tensor] : read_weights(files[i])) {
      ours += name + " " + shape_text(tensor.shape) + " torch." + tvr::name(tensor.dtype) + "\n";
      ours.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    }
    EXPECT_TRUE(ours == bytes_of(folder / std::to_string(i))) << files[i];
  }
  EXPECT_EQ(files.size(), 7U);
}

}  // namespace
}  // namespace tvr
