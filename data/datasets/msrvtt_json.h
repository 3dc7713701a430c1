#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// What is used of MSRVTT_data.json: `{"videos": [{video_id, split, ...}], "sentences": [{caption, video_id,
/// sen_id}]}`.
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
};

/// Whether a file is a JSON object with a key `videos`, wherever it breaks after that: the reader says where.
/// False for what is not a regular file. Throws what read_text_file() throws.
[[nodiscard]] bool is_msrvtt_json(const std::filesystem::path& path);

/// Reads it strictly: a repeated key, a wrong type, a number out of range, more than 64 levels are errors
/// like bad syntax. Throws Error(Corrupt) naming line and column, or the place ("sentences[12].caption");
/// Error(InvalidArgument) for ids that cannot be file names. Other fields than these are ignored. Memory is a
/// small multiple of the text.
[[nodiscard]] MsrvttAnnotations read_msrvtt_json(const std::filesystem::path& path);
/// The same for `text`; `name` stands for the file in messages.
[[nodiscard]] MsrvttAnnotations parse_msrvtt_json(const std::string& name, std::string_view text);

}  // namespace tvr
