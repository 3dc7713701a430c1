#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tvr {

// Note [names and ids]
// A video's name is what it is called where it comes from: its path below the videos folder without
// extension, a key of a .pth, a cell of a list. It may hold any bytes. Its id is that name with what a file
// name, a table cell and a command line have no room for escaped, as %XX: control characters, backslashes,
// bytes that are not UTF-8, a '-' at the beginning. Names become ids where they enter (escape_video_id()) and
// names again where they leave (video_name()): stores, indices and the code between hold ids.
//
// A '%' stays as it is, so that "100%" and "a%20b" are their own ids, as they were before names could be got
// back, unless the name reads as an escaped one ("a%0Ab"): then each of its '%' that reads so becomes %25.
// Hence no two names have one id.

/// The id of a video's name, in the form that validate_video_id() wants as far as escaping can give it.
[[nodiscard]] std::string escape_video_id(std::string_view name);

/// The name of an id: the inverse of escape_video_id(). Bytes, UTF-8 or not.
[[nodiscard]] std::string video_name(std::string_view id);

/// The name where it is UTF-8, else the id: for JSON, pages and the keys of a .pth, which hold text alone.
[[nodiscard]] std::string video_text(const std::string& id);

/// The name where it can be shown on one line and does not look like another one's id, else the id: for
/// tables and lists. What turns the direction of text is escaped in it, too.
[[nodiscard]] std::string video_line(const std::string& id);

/// Text by which names are compared: composed (Unicode's NFC), so that a name from macOS, decomposed, equals
/// the same name in a file of captions. Text that is not UTF-8 is returned as it is.
[[nodiscard]] std::string composed(std::string_view text);

/// Throws Error(Corrupt) naming `where` unless `id` can be a relative file name and a table cell:
/// UTF-8, not empty, no control characters, no empty, "." or ".." part, no leading '/' or '-', no backslash,
/// at most 16384 bytes, which the longest path that Linux opens does not exceed when it is escaped.
void validate_video_id(const std::string& id, const std::string& where);

/// The id of a video at `relative`, including the extension: "./floor33/0001.mp4" gives "floor33/0001.mp4".
[[nodiscard]] std::string video_id_of_path(const std::filesystem::path& relative);

}  // namespace tvr
