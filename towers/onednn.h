#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <string>

namespace tvr::onednn {

// All differences between oneDNN 2 (Debian 12) and 3 (Debian 13) are handled here.

inline dnnl::convolution_forward::primitive_desc convolution(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& result, const dnnl::memory::dims& stride,
    const dnnl::memory::dims& padding, const dnnl::primitive_attr& attributes) {
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  constexpr auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kind, algorithm, source, weights, bias, result, stride, padding, padding, attributes};
#else
  return {{kind, algorithm, source, weights, bias, result, stride, padding, padding}, attributes, engine};
#endif
}

inline dnnl::pooling_forward::primitive_desc max_pool(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& result,
    const dnnl::memory::dims& stride, const dnnl::memory::dims& kernel, const dnnl::memory::dims& padding,
    const dnnl::primitive_attr& attributes) {
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  constexpr auto algorithm = dnnl::algorithm::pooling_max;
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::memory::dims dilation(kernel.size(), 0);
  return {engine, kind, algorithm, source, result, stride, kernel, dilation, padding, padding, attributes};
#else
  return {{kind, algorithm, source, result, stride, kernel, padding, padding}, attributes, engine};
#endif
}

inline dnnl::matmul::primitive_desc matrix_product(const dnnl::engine& engine, const dnnl::memory::desc& a,
                                                   const dnnl::memory::desc& b, const dnnl::memory::desc& c) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, a, b, c};
#else
  return {{a, b, c}, engine};
#endif
}

inline dnnl::memory::dims dims_of(const dnnl::memory::desc& layout) {
#if DNNL_VERSION_MAJOR >= 3
  return layout.get_dims();
#else
  return layout.dims();
#endif
}

/// c = a b + bias; an empty `bias` is none.
inline dnnl::matmul::primitive_desc matrix_product(const dnnl::engine& engine, const dnnl::memory::desc& a,
                                                   const dnnl::memory::desc& b,
                                                   const dnnl::memory::desc& bias,
                                                   const dnnl::memory::desc& c,
                                                   const dnnl::primitive_attr& attributes) {
  const bool has_bias = !dims_of(bias).empty();
#if DNNL_VERSION_MAJOR >= 3
  if (has_bias) return {engine, a, b, bias, c, attributes};
  return {engine, a, b, c, attributes};
#else
  if (has_bias) return {{a, b, bias, c}, attributes, engine};
  return {{a, b, c}, attributes, engine};
#endif
}

inline dnnl::memory::data_type type_of(const dnnl::memory::desc& layout) {
#if DNNL_VERSION_MAJOR >= 3
  return layout.get_data_type();
#else
  return layout.data_type();
#endif
}

/// Floats per vector register of this CPU, as far as oneDNN uses it.
inline int vector_floats() {
  constexpr auto kAvx512 = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);  // values are bit sets
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kAvx512) == kAvx512 ? 16 : 8;
}

/// Whether this CPU has bf16 arithmetic; otherwise oneDNN would convert to f32, slower than f32.
inline bool has_bf16() {
  constexpr auto kBf16 = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kBf16) == kBf16;
}

/// Whether this CPU has AMX for bf16, and AVX512-BF16.
inline bool has_amx() {
  constexpr auto kAmx = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_amx);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kAmx) == kAmx;
}

/// Whether oneDNN has only its reference implementation for this primitive, a hundred times slower.
template <class PrimitiveDesc>
bool is_plain_loops(const PrimitiveDesc& described) {
  return std::string(described.impl_info_str()).rfind("ref", 0) == 0;
}

inline void append_activation(dnnl::post_ops& operations, dnnl::algorithm activation, float alpha = 0) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(activation, alpha, 0);
#else
  operations.append_eltwise(1, activation, alpha, 0);
#endif
}

inline void append_relu(dnnl::post_ops& operations) {
  append_activation(operations, dnnl::algorithm::eltwise_relu);
}

}  // namespace tvr::onednn
