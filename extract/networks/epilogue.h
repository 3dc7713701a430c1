#pragma once

namespace tvr {

/// What a convolution of ours does to a sum before it is stored.
struct Epilogue {
  const float* bias = nullptr;  // [out channels]
  bool add_result = false;      // what `result` held before is added
  bool relu = false;
};

}  // namespace tvr
