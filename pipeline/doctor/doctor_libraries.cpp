#include <fmt/format.h>

#include <array>

#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/machine/library_versions.h"

namespace tvr {
namespace {

std::string major_of(const std::string& version) { return version.substr(0, version.find('.')); }

struct Codec {
  const char* name;
  const char* where;  // where such videos come from
};
constexpr std::array kCodecs = {
    Codec{"h264", "most videos"},
    Codec{"hevc", "phones, 4K"},
    Codec{"vp8", "old WebM"},
    Codec{"vp9", "YouTube's WebM"},
    Codec{"av1", "recent YouTube videos"},
    Codec{"mpeg4", "DivX and Xvid: AVI files"},
    Codec{"mpeg2video", "DVDs, television"},
    Codec{"mpeg1video", "VCDs"},
    Codec{"wmv3", "Windows Media"},
    Codec{"mjpeg", "cameras"},
};

}  // namespace

Checks check_libraries(const std::vector<LibraryVersion>& libraries) {
  Checks checks;
  for (const LibraryVersion& library : libraries) {
    Check check{"libraries", library.name, Finding::Ok, text_of(library), {}};
    if (!library.running.empty() && major_of(library.running) != major_of(library.built)) {
      check.finding = Finding::Warning;
      check.advice = "Recompile the program against the library that is installed now";
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

Check check_mpi(const std::string& library) {
  if (library.empty())
    return {"libraries", "MPI", Finding::Note, "not in this build: a training is one process",
            "To train by several, install libopenmpi-dev and openmpi-bin and build the program anew"};
  return {"libraries", "MPI", Finding::Ok, library, {}};
}

Checks check_codecs(const std::function<std::string(const std::string&)>& decoder_of,
                    const std::function<bool(const std::string&)>& has_encoder) {
  Checks checks;
  std::string found;
  for (const Codec& codec : kCodecs) {
    const std::string decoder = decoder_of(codec.name);
    if (!decoder.empty()) {
      found += (found.empty() ? "" : ", ") + std::string(codec.name);
      if (decoder != codec.name) found += " (by " + decoder + ')';
      continue;
    }
    const bool needed = std::string(codec.name) == "h264";
    checks.push_back({"codecs", codec.name, needed ? Finding::Missing : Finding::Warning,
                      fmt::format("no decoder; this codec is used by {}", codec.where),
                      "Install an FFmpeg that has it, such as Debian's libavcodec"});
  }
  checks.insert(checks.begin(), {"codecs",
                                 "decoders",
                                 found.empty() ? Finding::Missing : Finding::Ok,
                                 found.empty() ? "none" : found,
                                 {}});
  if (has_encoder("libx264"))
    checks.push_back({"codecs", "libx264", Finding::Ok, "encodes the clips of the demo", {}});
  else
    checks.push_back({"codecs", "libx264", Finding::Note,
                      "no such encoder: `pipeline demo` cannot generate its clips",
                      "Install an FFmpeg that has it, such as Debian's libavcodec"});
  return checks;
}

}  // namespace tvr
