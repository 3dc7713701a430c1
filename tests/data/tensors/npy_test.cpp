#include "data/tensors/npy.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

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

/// A version 1 file around a header and its data.
std::string npy_of(const std::string& header, const std::string& data = testing::six_floats()[0].second) {
  return "\x93NUMPY\x01" + std::string(1, '\0') + testing::little_endian(header.size(), 2) + header + data;
}

Tensor read(const std::string& bytes) {
  const TempFolder folder;
  return read_npy(testing::write_file(folder / "a.npy", bytes));
}

TEST(Npy, TransposesColumnMajorArrays) {
  const Tensor tensor = read(npy_of("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"));
  EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(tensor.to_floats(), (std::vector<float>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, RefusesWhatIsMalformedOrOfAnotherKind) {
  const auto refused = [](const std::string& header, Fault fault, const std::string& phrase) {
    SCOPED_TRACE(header.substr(0, 100));
    testing::expect_error([&] { (void)read(npy_of(header)); }, fault, phrase);
  };
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  refused("{'descr': '|O', 'fortran_order': False, 'shape': (6,), }", Fault::Unsupported, "pickled objects");
  refused("{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }", Fault::Unsupported, "'>f4'");
  refused("{'descr': __import__('os'), }", Fault::Corrupt, "npy header");
  refused("{'descr': '<f4', 'fortran_order': 1, 'shape': (6,), }", Fault::Corrupt, "True or False");
  refused(start + "(7,), }", Fault::Corrupt, "needs 28 bytes, the file has 24");
  refused(start + "(-6,), }", Fault::Corrupt, "not a whole number");
  refused(start + "(4611686018427387904, 4), }", Fault::Corrupt, "overflows");
  refused(start + "(99999999999999999999,), }", Fault::Corrupt, "not a whole number");
  refused(start + "(6,), 'shape': (6,), }", Fault::Corrupt, "repeated key");
  refused(start + "(6,), 'more': 1, }", Fault::Corrupt, "an unknown");
  refused("{'descr': '<f4', 'shape': (6,), }", Fault::Corrupt, "not the dictionary");
  refused(start + "(6,), } + 1", Fault::Corrupt, "not the dictionary");
  refused(start + "(6", Fault::Corrupt, "expected ')'");
  refused("", Fault::Corrupt, "expected '{'");
  std::string ones = start + "(6";
  for (int i = 0; i < 64; ++i) ones += ", 1";
  refused(ones + "), }", Fault::Corrupt, "64 dimensions");
  testing::expect_error([&] { (void)read("\x93NUMPY"); }, Fault::Corrupt, "it was not written by numpy.save");
  testing::expect_error([&] { (void)read("\x93NUMPY\x09" + std::string(9, '\0')); }, Fault::Corrupt,
                        "version 9");
  testing::expect_error([&] { (void)read("\x93NUMPY\x01" + std::string(1, '\0') + "\xff\xff{}"); },
                        Fault::Corrupt, "longer than the file");
}

TEST(Npy, RefusesValuesThatAreNotFinite) {
  const std::string infinity = testing::little_endian(0x7f800000, 4);
  testing::expect_error(
      [&] { (void)read(npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", infinity)); },
      Fault::Corrupt, "not finite");
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

TEST(Npy, IsWrittenInPiecesOfAsManyValuesAsItsShapeSays) {
  const TempFolder folder;
  const float values[4] = {1, 2, 3, 4};
  const auto write = [&](std::size_t pieces) {
    NpyWriter writer(folder / "a.npy", DType::F32, {2, 2});
    for (std::size_t i = 0; i < pieces; ++i) writer.write(values + i % 4, sizeof(float));
    writer.commit();
  };
  write(4);
  EXPECT_EQ(read_npy(folder / "a.npy").to_floats(), (std::vector<float>{1, 2, 3, 4}));
  expect_error([&] { write(3); }, Fault::Mismatch, "fewer values");
  expect_error([&] { write(5); }, Fault::Mismatch, "more values");
}

}  // namespace
}  // namespace tvr
