#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// The fields of MSRVTT_data.json that are used: `{"videos": [{video_id, split, ...}], "sentences":
/// [{caption, video_id, sen_id}]}`.
struct MsrvttAnnotations {
  struct Video {
    std::string id;
    std::string split;  // "train", "validate", "test"; empty when not given
  };
  struct Sentence {
    std::string caption;
    std::string video_id;
  };
  std::vector<Video> videos;
  std::vector<Sentence> sentences;
  std::int64_t repeated_sen_ids = 0;  // sentences with the sen_id of an earlier one
};

/// Whether a file looks like a JSON object with a key `videos`, even if malformed later: the reader reports
/// where. False unless it is a regular file. Throws what read_text_file() throws.
[[nodiscard]] bool is_msrvtt_json(const std::filesystem::path& path);

/// A strict reader: a duplicate key, a wrong type, a number out of range and nesting of more than 64 levels
/// are errors, as is bad syntax. Throws Error(Corrupt) naming line and column, or the place
/// ("sentences[12].caption"); Error(Corrupt) for ids that cannot be file names. Other fields are
/// ignored. Memory is a small multiple of the size of the text.
[[nodiscard]] MsrvttAnnotations read_msrvtt_json(const std::filesystem::path& path);
/// The same for `text`; `name` stands for the file in messages.
[[nodiscard]] MsrvttAnnotations parse_msrvtt_json(const std::string& name, std::string_view text);

}  // namespace tvr
