#include "model/one_thread.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include "data/error.h"

namespace tvr {

OneThread::OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }

OneThread::~OneThread() { at::set_num_threads(before_); }

void OneThread::rethrow() {
  try {
    throw;
  } catch (const c10::Error& problem) {
    throw Error(Fault::Unsupported, "linear algebra", problem.what_without_backtrace(),
                "LibTorch needs a LAPACK: on Debian install libopenblas0");
  }
}

}  // namespace tvr
