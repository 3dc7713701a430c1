#pragma once

namespace tvr {

/// What our convolution kernels apply to a sum before it is stored.
struct Epilogue {
  const float* bias = nullptr;  // [out channels]
  bool add_result = false;      // adds the previous content of `result`
  bool relu = false;
};

}  // namespace tvr
