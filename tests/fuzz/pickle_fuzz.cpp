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
      // What readers of data sets ask of each value.
      const tvr::NumpyArray& array = tvr::Pickle::array(pickle[id]);
      const auto tensor = tvr::Pickle::tensor(pickle[id]);
      if (tensor && tensor->bytes.size() != array.data.size()) std::abort();
      if (!tensor && pickle[id].kind == tvr::Pickle::Kind::Array) {
        std::int64_t count = 1;
        for (const std::int64_t side : array.shape) count *= side;
        if (static_cast<std::int64_t>(pickle[id].items.size()) != count) std::abort();
      }
      (void)pickle.get(pickle[id], "text");
      (void)pickle.numbers(pickle[id]);
      (void)pickle.texts(pickle[id]);
    }
  } catch (const tvr::Error&) {
  }
  return 0;
}
