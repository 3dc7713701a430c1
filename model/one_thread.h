#pragma once

namespace tvr {

/// LibTorch computes on one thread while this lives: results then do not depend on the number of cores.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

  /// Throws the exception that is being handled; one of LibTorch's as Error(Unsupported).
  [[noreturn]] static void rethrow();

 private:
  int before_;
};

/// work(), which does linear algebra, on one thread; what LibTorch throws is an Error(Unsupported).
template <class Work>
auto on_one_thread(const Work& work) {
  const OneThread alone;
  try {
    return work();
  } catch (...) {
    OneThread::rethrow();
  }
}

}  // namespace tvr
