#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/dataset.h"

namespace tvr {

/// A clip of LSMDC with its description.
struct LsmdcRow {
  std::string clip;     // "1012_Unbreakable_00.05.16.065-00.05.21.941"
  std::string caption;  // verbatim; may be empty
  friend bool operator==(const LsmdcRow& a, const LsmdcRow& b) noexcept {
    return a.clip == b.clip && a.caption == b.caption;
  }
};

/// Rows of a tab-separated file of six columns without header (clip, start and end aligned, start and end
/// extracted, sentence): a line is a row, and quotes are text. Blank lines are skipped. Throws Error(Corrupt)
/// naming file and line for a line of other than six columns or without a clip, Error(Unsupported) for text
/// that is not UTF-8. `name` stands for the file in messages.
[[nodiscard]] std::vector<LsmdcRow> parse_lsmdc(const std::string& name, std::string_view text);

/// The same as the reference reads it, with pandas.read_csv(sep='\t', header=None) and str(): a field that
/// begins with a quote ends at the next one, beyond tabs and line ends; of two quotes within it one remains;
/// what follows the closing quote belongs to it. Fields that mean a missing value ("", "NA", "null", ...) and
/// missing columns are the text "nan". Throws where pandas does: Error(Corrupt) for more columns than in the
/// row before and for a quote that is never closed.
[[nodiscard]] std::vector<LsmdcRow> parse_lsmdc_as_pandas(const std::string& name, std::string_view text);

/// Whether a file's first line has LSMDC's times in its second and third column. Throws what read_text_file()
/// throws.
[[nodiscard]] bool is_lsmdc(const std::filesystem::path& path);

/// The files of `spec`: see split_files(). Every row is a clip of its own. DataSet::notes say by how many
/// rows the two ways of reading differ. Throws as parse_lsmdc() does.
[[nodiscard]] DataSet read_lsmdc(const DatasetSpec& spec);

}  // namespace tvr
