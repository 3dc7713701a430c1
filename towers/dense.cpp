#include "towers/dense.h"

namespace tvr {
namespace {

using Memory = dnnl::memory;
using Tag = Memory::format_tag;

dnnl::matmul::primitive_desc describe(const dnnl::engine& engine, std::int64_t rows, int in, int out,
                                      const Memory::desc& weights, Memory::data_type type, bool bias,
                                      Memory::data_type result, After after) {
  dnnl::post_ops operations;
  switch (after) {
    case After::Nothing:
      break;
    case After::QuickGelu:
      onednn::append_activation(operations, dnnl::algorithm::eltwise_swish, 1.702F);
      break;
    case After::Gelu:
      onednn::append_activation(operations, dnnl::algorithm::eltwise_gelu_erf);
      break;
    case After::GeluTanh:
      onednn::append_activation(operations, dnnl::algorithm::eltwise_gelu_tanh);
      break;
    case After::Add:
      operations.append_sum(1.0F);
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(operations);
  const Memory::desc b = bias ? Memory::desc({1, out}, Memory::data_type::f32, Tag::ab) : Memory::desc();
  return onednn::matrix_product(engine, Memory::desc({rows, in}, type, Tag::ab), weights, b,
                                Memory::desc({rows, out}, result, Tag::ab), attributes);
}

}  // namespace

void* WeightMemory::take(std::size_t bytes) {
  constexpr std::size_t kPiece = std::size_t{64} << 20U, kPage = 4096;
  const std::size_t whole = (bytes + kPage - 1) / kPage * kPage;
  if (pieces_.empty() || pieces_.back().size() - used_ < whole) {
    pieces_.emplace_back(std::max(kPiece, whole));
    used_ = 0;
  }
  void* const place = pieces_.back().data() + used_;
  used_ += whole;
  return place;
}

PackedDense::PackedDense(const DenseWeights& dense, Memory::data_type type, const dnnl::engine& engine,
                         WeightMemory& memory)
    : in_(dense.in), out_(dense.out) {
  constexpr int kUsualRows = 256;
  const Memory::desc any({in_, out_}, type, Tag::any);
  const auto usual = describe(engine, kUsualRows, in_, out_, any, type, !dense.bias.empty(),
                              Memory::data_type::f32, After::Nothing);
  weight_ = Memory(usual.weights_desc(), engine, memory.take(usual.weights_desc().get_size()));
  const Memory::desc plain({in_, out_}, Memory::data_type::f32, Tag::ba);
  Memory values(plain, engine, const_cast<float*>(dense.weight.data()));  // only read
  dnnl::stream stream(engine);
  dnnl::reorder(values, weight_).execute(stream, values, weight_);
  stream.wait();
  if (dense.bias.empty()) return;
  bias_ = Memory({{1, out_}, Memory::data_type::f32, Tag::ab}, engine);
  std::copy(dense.bias.begin(), dense.bias.end(), static_cast<float*>(bias_.get_data_handle()));
}

After after(Activation activation) noexcept {
  switch (activation) {
    case Activation::QuickGelu:
      return After::QuickGelu;
    case Activation::Gelu:
      return After::Gelu;
    case Activation::GeluTanh:
      return After::GeluTanh;
  }
  return After::Nothing;
}

DenseProduct::DenseProduct(const PackedDense& packed, std::int64_t rows, Memory::data_type result,
                           After after) {
  const Memory::desc weights = packed.weight().get_desc();
  const auto described = describe(packed.weight().get_engine(), rows, packed.in(), packed.out(), weights,
                                  onednn::type_of(weights), static_cast<bool>(packed.bias()), result, after);
  source_ = described.src_desc();
  result_ = described.dst_desc();
  product_ = dnnl::matmul(described);
}

void DenseProduct::run(const dnnl::stream& stream, const PackedDense& packed, const void* x, void* y) const {
  const dnnl::engine engine = packed.weight().get_engine();
  std::unordered_map<int, Memory> arguments = {
      {DNNL_ARG_SRC, Memory(source_, engine, const_cast<void*>(x))},  // only read
      {DNNL_ARG_WEIGHTS, packed.weight()},
      {DNNL_ARG_DST, Memory(result_, engine, y)}};
  if (packed.bias()) arguments.emplace(DNNL_ARG_BIAS, packed.bias());
  product_.execute(stream, arguments);
}

}  // namespace tvr
