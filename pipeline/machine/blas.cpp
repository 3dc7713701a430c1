#include "pipeline/machine/blas.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "data/library_version.h"

namespace tvr {
namespace {

// sgemm with the Fortran interface that every BLAS implements (netlib.org/blas).
using Sgemm = void (*)(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

template <class Function>
Function loaded(const char* symbol) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, symbol));
}

/// "OpenBLAS 0.3.21" from "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
std::string first_words(const std::string& text, int count) {
  std::size_t end = 0;
  while (count-- > 0 && end != std::string::npos) end = text.find(' ', end + 1);
  return text.substr(0, end);
}

double measure(Sgemm sgemm) {
  using Clock = std::chrono::steady_clock;
  constexpr int kSide = 1024;
  constexpr float kOne = 1, kZero = 0;
  const std::vector<float> a(static_cast<std::size_t>(kSide) * kSide, 0.5f), b(a.size(), 0.5f);
  std::vector<float> c(a.size());
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  double best_s = 1e300;
  const auto start = Clock::now();
  do {
    const auto begin = Clock::now();
    sgemm("N", "N", &kSide, &kSide, &kSide, &kOne, a.data(), &kSide, b.data(), &kSide, &kZero, c.data(),
          &kSide);
    best_s = std::min(best_s, since(begin));
  } while (since(start) < 0.25);
  return 2e-9 * kSide * kSide * kSide / best_s;
}

}  // namespace

Blas probe_blas() {
  Blas blas;
  const auto sgemm = loaded<Sgemm>("sgemm_");
  if (sgemm == nullptr) return blas;
  using Words = const char* (*)();
  const auto config = loaded<Words>("openblas_get_config");
  const auto core = loaded<Words>("openblas_get_corename");
  blas.file = file_of_code(reinterpret_cast<const void*>(sgemm));
  const bool mkl = loaded<void*>("mkl_get_version") != nullptr;
  // Debian's OpenBLAS has its sgemm_ in its own libblas.so.3, so the file name alone is not conclusive.
  blas.reference = config == nullptr && !mkl && blas.file.rfind("libblas.", 0) == 0;
  if (core != nullptr) blas.core = core();
  if (config != nullptr)
    blas.name = first_words(config(), 2);
  else
    blas.name = mkl ? "MKL" : blas.reference ? "the reference BLAS" : blas.file;
  blas.gflops = measure(sgemm);
  return blas;
}

}  // namespace tvr
