#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/tensors/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const tvr::Pickle pickle({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (pickle.size() > size || pickle.root() >= pickle.count()) std::abort();
    for (tvr::Pickle::Id id = 0; id < pickle.count(); ++id) {
      for (const tvr::Pickle::Id item : pickle[id].items)
        if (item >= pickle.count()) std::abort();
      if (pickle[id].kind == tvr::Pickle::Kind::Tensor &&
          pickle.view(pickle[id]).shape.size() != pickle.view(pickle[id]).strides.size())
        std::abort();
    }
  } catch (const tvr::Error&) {
  }
  return 0;
}
