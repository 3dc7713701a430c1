#include "data/matrix_csv.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;

std::vector<float> values_of(const Matrix& matrix) {
  return {matrix.data(), matrix.data() + matrix.rows() * matrix.cols()};
}

TEST(MatrixCsv, IsRowsOfNumbers) {
  const Matrix matrix = parse_matrix_csv("a.csv", "1,-2.5e-1, +3\r\n\n 4,5,1e-60\n");
  EXPECT_EQ(matrix.rows(), 2);
  EXPECT_EQ(matrix.cols(), 3);
  EXPECT_EQ(values_of(matrix), (std::vector<float>{1, -0.25F, 3, 4, 5, 0}));
  EXPECT_EQ(parse_matrix_csv("a.csv", "7").rows(), 1);
  EXPECT_EQ(parse_matrix_csv("a.csv", "\n").rows(), 0);
}

TEST(MatrixCsv, RefusesWhatIsNoMatrixByItsLine) {
  const auto refused = [](const std::string& text, const std::string& phrase) {
    expect_error([&] { (void)parse_matrix_csv("a.csv", text); }, Fault::Corrupt, phrase);
  };
  refused("pour,stir\n1,2\n", "a.csv:1: 'pour' is not a finite number");
  refused("1,2\n1,nan\n", "a.csv:2: 'nan' is not a finite number");
  refused("1,inf\n", "'inf'");
  refused("1,1e39\n", "'1e39'");
  refused("1,+-2\n", "'+-2'");
  refused("1,\n", "a.csv:1: '' is not");
  refused("1 2\n", "'1 2'");
  refused("0x10\n", "'0x10'");
  refused("1,2\n3\n", "a.csv:2: the row has 1 numbers, the first one 2");
}

TEST(MatrixCsv, IsReadFromAFile) {
  const testing::TempFolder folder;
  EXPECT_EQ(read_matrix_csv(testing::write_file(folder / "a.csv", "1,2\n")).cols(), 2);
  expect_error([&] { (void)read_matrix_csv(folder / "none.csv"); }, Fault::NotFound, "none.csv");
}

}  // namespace
}  // namespace tvr
