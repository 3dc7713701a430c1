#pragma once

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include "data/error.h"

namespace tvr {

/// LibTorch computes on one thread while this lives: results then do not depend on the number of cores.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// work(), which does linear algebra, on one thread; what LibTorch throws is an Error(Unsupported).
template <class Work>
auto on_one_thread(const Work& work) {
  const OneThread alone;
  try {
    return work();
  } catch (const c10::Error& problem) {
    throw Error(Fault::Unsupported, "linear algebra", problem.what_without_backtrace(),
                "LibTorch needs a LAPACK: on Debian install libopenblas0");
  }
}

}  // namespace tvr
