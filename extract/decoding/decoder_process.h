#pragma once

#include <array>
#include <csignal>

#include "data/descriptor.h"
#include "extract/decoding/decoder_host.h"

namespace tvr {

/// Records in a decoder's pipe: a kind, then its fields; strings as length and bytes.
enum class DecoderRecord : std::uint8_t { Clip, End, Failure };

/// A clip without its pixels; `bytes` is their size.
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

/// Signals that say that a program is at fault. A decoder to which another process has sent one ends by
/// SIGTERM instead.
constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

/// How a decoder ended, in its status pipe.
struct DecoderEnd {
  int status = 0;    // as of waitpid()
  int error = 0;     // or the errno with which the system refused to start it; 0: it was started
  double cpu_s = 0;  // processor time it used
};

constexpr std::size_t kMaxRequestBytes = 8192;  // number of lanes, first clips, lane indices, path

/// Main loop of the process behind a DecoderHost. For each request received through `socket` (a message
/// carrying the write ends of a data and a status pipe) it forks a keeper, which forks the decoder. The
/// decoder writes records to the data pipe; when it has ended, the keeper writes a DecoderEnd to the status
/// pipe. Returns when the main program has closed the socket, or has ended.
void serve_decoders(Descriptor socket, const Decode& decode, const DecodeLimits& limits);

}  // namespace tvr
