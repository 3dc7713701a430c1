#pragma once

#include "data/descriptor.h"
#include "extract/decoding/decoder_host.h"

namespace tvr {

/// What goes through a decoder's pipe: a kind, then the fields of that kind, strings as length and bytes.
enum class DecoderRecord : std::uint8_t { Clip, End, Failure };

/// A clip without its pixels, whose number is `bytes`.
struct ClipHeader {
  std::size_t lane, bytes;
  std::int64_t index, start_us, end_us;
  int frames, height, width;
};

/// A DecodeSummary without its message.
struct EndHeader {
  std::int64_t decoded_frames, expected_frames;
  double duration_s;
  bool complete, first_frame_only;
};

constexpr std::size_t kMaxRequestBytes = 8192;  // the number of lanes, the lanes, the path

/// The life of the process behind a DecoderHost: for each request that comes through `socket` (a message,
/// with the ends of a data and a status pipe) it forks a keeper, which forks the decoder. The decoder writes
/// records to the data pipe; when it has ended the keeper writes its wait status to the other. Returns when
/// the program behind the socket is gone.
void serve_decoders(Descriptor socket, const Decode& decode, const DecodeLimits& limits);

}  // namespace tvr
