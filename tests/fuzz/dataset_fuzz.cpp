#include <cstdint>
#include <cstdlib>

#include "data/datasets/dataset.h"
#include "data/datasets/howto100m.h"
#include "data/datasets/lsmdc.h"
#include "data/datasets/pooled_clips.h"
#include "data/error.h"
#include "tests/support/memory_file.h"

namespace {

/// Every caption has a clip, and every clip a caption.
void require_whole(const tvr::CaptionSet& set) {
  std::size_t described = 0;
  for (const tvr::Caption& caption : set.captions) {
    if (caption.clip < 0 || static_cast<std::size_t>(caption.clip) >= set.clips.size()) std::abort();
    if (static_cast<std::size_t>(caption.clip) == described) ++described;
  }
  if (described != set.clips.size()) std::abort();
}

template <class Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const tvr::Error&) {
  }
}

}  // namespace

/// Every format of captioned data sets, and the list of HowTo100M.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  tvr::DatasetSpec spec;
  spec.annotations = file.hold(data, size);
  for (const tvr::DatasetFormat& format : tvr::dataset_formats()) {
    attempt([&] { (void)format.recognises(spec.annotations); });
    attempt([&] {
      const tvr::DataSet read = format.read(spec);
      for (const tvr::CaptionSet* set : {&read.train, &read.val, &read.test}) require_whole(*set);
    });
  }
  const std::string text(reinterpret_cast<const char*>(data), size);
  attempt([&] { (void)tvr::parse_lsmdc_as_pandas("fuzz", text); });
  attempt([&] { (void)tvr::read_howto100m(spec.annotations, 10); });
  attempt([&] {
    const tvr::PooledClips clips(spec.annotations);
    for (std::int64_t i = 0; i < clips.size(); ++i)
      for (const std::string& lane : clips.lanes())
        if (clips.vector(i, lane).numel() < 1) std::abort();
  });
  return 0;
}
