#pragma once

#include <filesystem>
#include <vector>

namespace tvr {

/// The seconds that the headers of these videos claim; 0: not stated, or not read. They are read by a process
/// of its own, as those of the decoders are: a file that makes libav crash costs its own duration alone. What
/// is not read within `limit_s` seconds is 0.
[[nodiscard]] std::vector<double> header_durations(const std::vector<std::filesystem::path>& videos,
                                                   double limit_s);

}  // namespace tvr
