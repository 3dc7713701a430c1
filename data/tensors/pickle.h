#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "data/tensors/tensor.h"

namespace tvr {

/// A view of a storage, as torch._utils._rebuild_tensor_v2 is told of it; not yet checked against the
/// storage's size.
struct TensorView {
  std::string_view storage;  // key
  DType dtype = DType::F32;
  std::int64_t storage_numel = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

/// What a pickle describes, without ever having run anything of it: the machine knows the opcodes that
/// torch.save writes and the globals collections.OrderedDict, torch._utils._rebuild_tensor_v2,
/// _rebuild_parameter and torch.*Storage; any other global is refused by name. Values lie in one arena and
/// refer to each other by index: no depth of nesting can overflow the stack. Texts are parts of the bytes
/// that were read, which must outlive it. Memory stays below 100 MB and 40 bytes for each byte of the pickle.
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

  /// Reads one pickle at the beginning of `bytes`. Throws Error(Corrupt) for what is malformed or cut short,
  /// Error(Unsupported) for a forbidden global, Error(Limit) for what would take too much memory; all name
  /// `where`.
  Pickle(std::string_view bytes, const std::string& where);

  [[nodiscard]] Id root() const noexcept { return root_; }
  [[nodiscard]] const Value& operator[](Id id) const noexcept { return values_[id]; }
  [[nodiscard]] const TensorView& view(const Value& tensor) const noexcept {
    return views_[static_cast<std::size_t>(tensor.integer)];
  }
  /// How many values there are: ids run from 0.
  [[nodiscard]] Id count() const noexcept { return static_cast<Id>(values_.size()); }
  /// How many bytes the pickle took.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The value of a string key of a Dict; nullptr when there is none.
  [[nodiscard]] const Value* get(const Value& dict, std::string_view key) const noexcept;

 private:
  friend class PickleMachine;
  std::deque<Value> values_;  // grows without copying
  std::vector<TensorView> views_;
  Id root_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tvr
