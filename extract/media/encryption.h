#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace tvr {

/// `count` bytes of a file from `offset` on; fewer at its end.
using ReadAt = std::function<std::string(std::int64_t offset, std::size_t count)>;

/// Whether the headers say that a video stream is encrypted where libav does not: the demuxer gives such
/// packets as if they were sound. Decided from the file alone, of which only headers and samples are read;
/// what is malformed is not encrypted.
///
/// MP4 (ISO 14496-12, 23001-7): the track with this id has a sample entry "encv" or "drmi", or one whose
/// protection scheme is common encryption.
[[nodiscard]] bool is_encrypted_mp4(const ReadAt& read, int track);
/// ASF: its header has an object of content encryption (ASF specification, 3.14, 3.15, 4.13).
[[nodiscard]] bool is_encrypted_asf(const ReadAt& read);
/// MPEG-TS (ISO 13818-1, 2.4.3.3): transport_scrambling_control is set in most packets of this PID, in
/// samples from the whole file of `file_bytes`. Packets have 188, 192 (M2TS) or 204 bytes.
[[nodiscard]] bool is_scrambled_transport(const ReadAt& read, std::int64_t file_bytes, int pid);

}  // namespace tvr
