#pragma once

#include <oneapi/dnnl/dnnl.hpp>

namespace tvr::onednn {

// The one place that knows how oneDNN 2 (Debian 12) and 3 (Debian 13) differ.

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

inline dnnl::memory::dims dims_of(const dnnl::memory::desc& layout) {
#if DNNL_VERSION_MAJOR >= 3
  return layout.get_dims();
#else
  return layout.dims();
#endif
}

inline void append_relu(dnnl::post_ops& operations) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
  operations.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
}

}  // namespace tvr::onednn
