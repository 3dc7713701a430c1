#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "data/tensors/tensor.h"

namespace tvr {

/// A view of a storage, from the arguments of torch._utils._rebuild_tensor_v2; not yet checked against the
/// storage's size.
struct TensorView {
  std::string_view storage;  // key
  DType dtype = DType::F32;
  std::int64_t storage_numel = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

/// Parses a pickle without executing anything. Supports the opcodes that torch.save writes and the globals
/// collections.OrderedDict, torch._utils._rebuild_tensor_v2, _rebuild_parameter and torch.*Storage; any other
/// global is refused by name. Values are in one arena and refer to each other by index, so that no nesting
/// depth can overflow the stack. Strings point into the input bytes, which must outlive this object. Memory
/// stays below 100 MB plus 40 bytes per byte of the pickle.
class Pickle {
 public:
  using Id = std::uint32_t;
  enum class Kind : std::uint8_t {
    None,
    Bool,
    Int,
    BigInt,
    Float,
    String,
    Tuple,
    List,
    Dict,
    Global,
    Storage,
    Tensor,
    Mark
  };
  struct Value {
    Kind kind = Kind::None;
    DType dtype = DType::F32;  // Storage
    std::uint32_t depth = 0;
    std::int64_t integer = 0;  // Bool, Int; Storage: number of elements; Tensor: index into views
    std::string_view text;     // String, BigInt (little-endian bytes), Global ("module.name"), Storage (key)
    std::vector<Id> items;     // Tuple, List; Dict: key, value, key, value, ...
  };

  /// Reads one pickle at the start of `bytes`. Throws Error(Corrupt) if it is malformed or truncated,
  /// Error(Unsupported) for a forbidden global, Error(Limit) if it would need too much memory; all name
  /// `where`.
  Pickle(std::string_view bytes, const std::string& where);

  [[nodiscard]] Id root() const noexcept { return root_; }
  [[nodiscard]] const Value& operator[](Id id) const noexcept { return values_[id]; }
  [[nodiscard]] const TensorView& view(const Value& tensor) const noexcept {
    return views_[static_cast<std::size_t>(tensor.integer)];
  }
  /// Number of values: ids are 0 to size - 1.
  [[nodiscard]] Id count() const noexcept { return static_cast<Id>(values_.size()); }
  /// Length of the pickle in bytes.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The value of a string key in a Dict; nullptr if there is none.
  [[nodiscard]] const Value* get(const Value& dict, std::string_view key) const noexcept;

 private:
  friend class PickleMachine;
  std::deque<Value> values_;  // grows without moving elements
  std::vector<TensorView> views_;
  Id root_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tvr
