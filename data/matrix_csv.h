#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/matrix.h"

namespace tvr {

/// A matrix written as text: a line for each row, numbers separated by commas, no header (numpy.savetxt with
/// delimiter=','). Blank lines are skipped. Throws Error(Corrupt) naming file and line for what is no finite
/// float32 or for a row of another length than the first, and what read_text_file() throws; a file has at
/// most 64 MiB.
[[nodiscard]] Matrix read_matrix_csv(const std::filesystem::path& path);
/// The same for `text`; `name` stands for the file in messages.
[[nodiscard]] Matrix parse_matrix_csv(const std::string& name, std::string_view text);

}  // namespace tvr
