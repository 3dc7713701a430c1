// The opcodes that torch.save has written since 2016; Python's Lib/pickletools.py describes each.
#include "data/tensors/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "data/error.h"

namespace tvr {
namespace {

constexpr std::size_t kMostValues = 500'000;  // plus one per four bytes: torch.save needs eight
constexpr std::size_t kMostItems = 4;  // container items per value: a value may be in several containers
constexpr std::uint32_t kMostMemo = 4'000'000;
constexpr std::uint32_t kDeepest = 1000;

struct KnownGlobal {
  std::string_view name;
  std::optional<DType> storage_of;  // for storage types
};
constexpr KnownGlobal kGlobals[] = {
    {"collections.OrderedDict", {}},         {"torch._utils._rebuild_tensor_v2", {}},
    {"torch._utils._rebuild_tensor", {}},  // before 0.4
    {"torch._utils._rebuild_parameter", {}}, {"torch.HalfStorage", DType::F16},
    {"torch.BFloat16Storage", DType::BF16},  {"torch.FloatStorage", DType::F32},
    {"torch.DoubleStorage", DType::F64},     {"torch.ByteStorage", DType::U8},
    {"torch.CharStorage", DType::I8},        {"torch.ShortStorage", DType::I16},
    {"torch.IntStorage", DType::I32},        {"torch.LongStorage", DType::I64},
    {"torch.BoolStorage", DType::Bool},
};

/// nullptr if the global is not on the list.
const KnownGlobal* known_global(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kGlobals), std::end(kGlobals),
                                         [&](const auto& known) { return known.name == name; });
  return found == std::end(kGlobals) ? nullptr : found;
}

}  // namespace

class PickleMachine {
 public:
  using Id = Pickle::Id;
  using Kind = Pickle::Kind;
  using Value = Pickle::Value;

  PickleMachine(Pickle& pickle, std::string_view bytes, const std::string& where)
      : pickle_(pickle), bytes_(bytes), where_(where), most_values_(kMostValues + bytes.size() / 4) {}

  void run() {
    static const OpcodeTable table = opcodes();
    for (std::uint8_t opcode = byte(); opcode != kStop; opcode = byte()) {
      if (table[opcode] == nullptr)
        malformed(fmt::format("opcode {:#04x} is not one of torch.save's", opcode));
      table[opcode](*this);
    }
    pickle_.root_ = pop();
    pickle_.size_ = at_;
  }

 private:
  [[noreturn]] void limit_passed(const std::string& what) const {
    throw Error(Fault::Limit, where_, "pickle: limit exceeded, " + what + " at byte " + std::to_string(at_),
                "The file is damaged or was not written by torch.save");
  }
  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(Fault::Corrupt, where_, "pickle: " + what + " at byte " + std::to_string(at_),
                "The file is damaged or was not written by torch.save");
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      throw Error(Fault::Corrupt, where_,
                  "pickle: truncated, " + std::to_string(count) + " bytes are needed at byte " +
                      std::to_string(at_) + " of " + std::to_string(bytes_.size()),
                  "The download is incomplete: download it again");
    }
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view part = take(width);
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
    return value;
  }
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', at_);
    const std::string_view text =
        take(end == std::string_view::npos ? bytes_.size() - at_ + 1 : end + 1 - at_);
    return text.substr(0, text.size() - 1);
  }

  void push_again(Id id) {
    if (stack_.size() >= most_values_)
      limit_passed("more than " + std::to_string(most_values_) + " values on the stack");
    stack_.push_back(id);
  }
  Value& push(Kind kind, std::int64_t integer = 0, std::string_view text = {}) {
    if (pickle_.values_.size() >= most_values_)
      limit_passed("more than " + std::to_string(most_values_) + " values");
    push_again(static_cast<Id>(pickle_.values_.size()));
    Value& value = pickle_.values_.emplace_back();
    value.kind = kind;
    value.integer = integer;
    value.text = text;
    return value;
  }
  void push_string(std::uint64_t count) { push(Kind::String, 0, take(count)); }

  Id pop() {
    if (stack_.empty()) malformed("the stack is empty");
    const Id id = stack_.back();
    stack_.pop_back();
    if (at(id).kind == Kind::Mark) malformed("a mark instead of a value");
    return id;
  }
  Value& at(Id id) { return pickle_.values_[id]; }
  Value& top() {
    if (stack_.empty()) malformed("the stack is empty");
    return at(stack_.back());
  }
  /// Pops everything above the last mark, and the mark.
  std::vector<Id> pop_to_mark() {
    std::size_t from = stack_.size();
    while (from > 0 && at(stack_[from - 1]).kind != Kind::Mark) --from;
    if (from == 0) malformed("there is no mark");
    std::vector<Id> items(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
    stack_.resize(from - 1);
    return items;
  }

  void count_items(std::size_t more) {
    items_ += more;
    if (items_ > kMostItems * most_values_)
      limit_passed("more than " + std::to_string(kMostItems * most_values_) + " items");
  }
  void append(Value& container, Id item) {
    count_items(1);
    container.items.push_back(item);
    container.depth = std::max(container.depth, at(item).depth + 1);
    if (container.depth > kDeepest) limit_passed("values are nested deeper than " + std::to_string(kDeepest));
  }
  void push_tuple(const std::vector<Id>& items) {
    Value& tuple = push(Kind::Tuple);
    for (const Id item : items) append(tuple, item);
  }
  void push_tuple(std::size_t count) {
    std::vector<Id> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    push_tuple(items);
  }
  void extend(Kind kind, const std::vector<Id>& items, const char* opcode) {
    if (kind == Kind::Dict && items.size() % 2 != 0)
      malformed(std::string(opcode) + " with an odd number of values");
    Value& container = top();
    if (container.kind != kind) malformed(std::string(opcode) + " on another kind of value");
    for (const Id item : items) append(container, item);
  }

  void put(std::uint64_t index) {
    if (index >= kMostMemo) limit_passed("memo index " + std::to_string(index));
    (void)top();
    if (index >= memo_.size()) memo_.resize(index + 1, kUnset);
    memo_[index] = stack_.back();
  }
  void get(std::uint64_t index) {
    if (index >= memo_.size() || memo_[index] == kUnset)
      malformed("memo slot " + std::to_string(index) + " was never set");
    push_again(memo_[index]);
  }

  void push_global(std::string_view module, std::string_view symbol) {
    const std::string global =
        std::string(module.substr(0, kLongestName)) + "." + std::string(symbol.substr(0, kLongestName));
    const KnownGlobal* known = known_global(global);
    if (known == nullptr) {
      throw Error(Fault::Unsupported, where_, "pickle: it asks for the forbidden global '" + global + "'",
                  "Only tensors are read, code in a file is never executed: save the bare state dict");
    }
    push(Kind::Global, 0, known->name);
  }

  void push_long(std::uint64_t count) {
    const std::string_view digits = take(count);
    if (count > 8) return void(push(Kind::BigInt, 0, digits));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i);
    const bool negative =
        count > 0 && count < 8 && (static_cast<unsigned char>(digits[count - 1]) & 0x80U) != 0;
    if (negative) value |= ~std::uint64_t{0} << (8 * count);
    push(Kind::Int, static_cast<std::int64_t>(value));
  }

  /// Persistent id: ("storage", torch.XStorage, key, location, number of elements[, view])
  void push_storage() {
    const Value& id = at(pop());
    const bool fits = id.kind == Kind::Tuple && id.items.size() >= 5 && at(id.items[0]).text == "storage" &&
                      at(id.items[1]).kind == Kind::Global && at(id.items[2]).kind == Kind::String &&
                      at(id.items[4]).kind == Kind::Int;
    if (!fits) malformed("a persistent id that is not a storage");
    if (id.items.size() > 5 && at(id.items[5]).kind != Kind::None) {
      throw Error(Fault::Unsupported, where_, "pickle: a storage that is a part of another",
                  "PyTorch before 0.4 wrote it: load the file there and save clones of the tensors");
    }
    const std::string_view type = at(id.items[1]).text;
    const std::optional<DType> dtype = known_global(type)->storage_of;
    if (!dtype) malformed("a storage of type '" + std::string(type) + "'");
    push(Kind::Storage, at(id.items[4]).integer, at(id.items[2]).text).dtype = *dtype;
  }

  std::vector<std::int64_t> integers(Id id) {
    std::vector<std::int64_t> numbers;
    if (at(id).kind != Kind::Tuple) malformed("a tensor whose shape is no tuple");
    if (at(id).items.size() > kMostDimensions) malformed("a tensor of more than 64 dimensions");
    count_items(at(id).items.size());
    for (const Id item : at(id).items) {
      if (at(item).kind != Kind::Int) malformed("a tensor whose shape is not of whole numbers");
      numbers.push_back(at(item).integer);
    }
    return numbers;
  }

  void reduce() {
    const Value& arguments = at(pop());
    const Value& function = at(pop());
    if (function.kind != Kind::Global) malformed("REDUCE of a value that is not a function");
    if (arguments.kind != Kind::Tuple) malformed("REDUCE without a tuple of arguments");
    if (function.text == "collections.OrderedDict") {
      push_ordered_dict(arguments);
    } else if (function.text == "torch._utils._rebuild_parameter") {
      if (arguments.items.empty() || at(arguments.items[0]).kind != Kind::Tensor)
        malformed("a parameter without tensor");
      push_again(arguments.items[0]);
    } else if (function.text == "torch._utils._rebuild_tensor_v2" ||
               function.text == "torch._utils._rebuild_tensor") {
      push_tensor(arguments);
    } else {
      malformed("'" + std::string(function.text) + "' is called");
    }
  }

  /// OrderedDict() and, from Python 2, OrderedDict([[key, value], ...])
  void push_ordered_dict(const Value& arguments) {
    Value& dict = push(Kind::Dict);
    if (arguments.items.empty()) return;
    for (const Id pair : at(arguments.items[0]).items) {
      if (at(pair).items.size() != 2) malformed("an OrderedDict of values that are not pairs");
      append(dict, at(pair).items[0]);
      append(dict, at(pair).items[1]);
    }
  }

  /// _rebuild_tensor(storage, offset, size, stride) and _rebuild_tensor_v2(the same, requires_grad, hooks)
  void push_tensor(const Value& arguments) {
    if (arguments.items.size() < 4 || at(arguments.items[0]).kind != Kind::Storage ||
        at(arguments.items[1]).kind != Kind::Int) {
      malformed("a tensor without storage or offset");
    }
    const Value& storage = at(arguments.items[0]);
    TensorView view{storage.text,
                    storage.dtype,
                    storage.integer,
                    at(arguments.items[1]).integer,
                    integers(arguments.items[2]),
                    integers(arguments.items[3])};
    if (view.shape.size() != view.strides.size())
      malformed("a tensor with different numbers of sizes and strides");
    push(Kind::Tensor, static_cast<std::int64_t>(pickle_.views_.size()));
    pickle_.views_.push_back(std::move(view));
  }

  void push_stack_global() {
    const Value& symbol = at(pop());
    const Value& module = at(pop());
    push_global(module.text, symbol.text);
  }

  void check_protocol() {
    if (byte() > 5) malformed("a protocol above 5");
  }
  void check_frame() {
    if (number(8) > bytes_.size() - at_) malformed("a frame longer than the stream");
  }
  void duplicate() {
    (void)top();
    push_again(stack_.back());
  }
  void push_long4() {
    const auto count = static_cast<std::int32_t>(number(4));
    if (count < 0) malformed("LONG4 of negative length");
    push_long(static_cast<std::uint64_t>(count));
  }
  void push_float() {
    (void)take(8);  // the value is not used
    push(Kind::Float);
  }
  void set_item() {
    const Id value = pop(), key = pop();
    extend(Kind::Dict, {key, value}, "SETITEM");
  }
  void push_line_global() {
    const std::string_view module = line();
    push_global(module, line());
  }
  /// The attributes of an OrderedDict (_metadata) are ignored.
  void build() {
    (void)pop();
    (void)top();
  }

  using Machine = PickleMachine;
  using OpcodeTable = std::array<void (*)(Machine&), 256>;
  static constexpr std::uint8_t kStop = '.';

  static OpcodeTable opcodes() {
    OpcodeTable table{};
    table[0x80] = [](Machine& m) { m.check_protocol(); };                                        // PROTO
    table[0x95] = [](Machine& m) { m.check_frame(); };                                           // FRAME
    table['('] = [](Machine& m) { m.push(Kind::Mark); };                                         // MARK
    table['0'] = [](Machine& m) { (void)m.pop(); };                                              // POP
    table['2'] = [](Machine& m) { m.duplicate(); };                                              // DUP
    table['N'] = [](Machine& m) { m.push(Kind::None); };                                         // NONE
    table[0x88] = [](Machine& m) { m.push(Kind::Bool, 1); };                                     // NEWTRUE
    table[0x89] = [](Machine& m) { m.push(Kind::Bool, 0); };                                     // NEWFALSE
    table['J'] = [](Machine& m) { m.push(Kind::Int, static_cast<std::int32_t>(m.number(4))); };  // BININT
    table['K'] = [](Machine& m) { m.push(Kind::Int, m.byte()); };                                // BININT1
    table['M'] = [](Machine& m) { m.push(Kind::Int, static_cast<std::int64_t>(m.number(2))); };  // BININT2
    table[0x8a] = [](Machine& m) { m.push_long(m.byte()); };                                     // LONG1
    table[0x8b] = [](Machine& m) { m.push_long4(); };                                            // LONG4
    table['G'] = [](Machine& m) { m.push_float(); };                                             // BINFLOAT
    table['X'] = [](Machine& m) { m.push_string(m.number(4)); };                                 // BINUNICODE
    table[0x8c] = [](Machine& m) { m.push_string(m.byte()); };                   // SHORT_BINUNICODE
    table[0x8d] = [](Machine& m) { m.push_string(m.number(8)); };                // BINUNICODE8
    table['T'] = [](Machine& m) { m.push_string(m.number(4)); };                 // BINSTRING, Python 2
    table['U'] = [](Machine& m) { m.push_string(m.byte()); };                    // SHORT_BINSTRING, Python 2
    table['B'] = [](Machine& m) { m.push_string(m.number(4)); };                 // BINBYTES
    table['C'] = [](Machine& m) { m.push_string(m.byte()); };                    // SHORT_BINBYTES
    table['}'] = [](Machine& m) { m.push(Kind::Dict); };                         // EMPTY_DICT
    table[']'] = [](Machine& m) { m.push(Kind::List); };                         // EMPTY_LIST
    table[')'] = [](Machine& m) { m.push(Kind::Tuple); };                        // EMPTY_TUPLE
    table['t'] = [](Machine& m) { m.push_tuple(m.pop_to_mark()); };              // TUPLE
    table[0x85] = [](Machine& m) { m.push_tuple(std::size_t{1}); };              // TUPLE1
    table[0x86] = [](Machine& m) { m.push_tuple(std::size_t{2}); };              // TUPLE2
    table[0x87] = [](Machine& m) { m.push_tuple(std::size_t{3}); };              // TUPLE3
    table['a'] = [](Machine& m) { m.extend(Kind::List, {m.pop()}, "APPEND"); };  // APPEND
    table['e'] = [](Machine& m) { m.extend(Kind::List, m.pop_to_mark(), "APPENDS"); };   // APPENDS
    table['s'] = [](Machine& m) { m.set_item(); };                                       // SETITEM
    table['u'] = [](Machine& m) { m.extend(Kind::Dict, m.pop_to_mark(), "SETITEMS"); };  // SETITEMS
    table['q'] = [](Machine& m) { m.put(m.byte()); };                                    // BINPUT
    table['r'] = [](Machine& m) { m.put(m.number(4)); };                                 // LONG_BINPUT
    table[0x94] = [](Machine& m) { m.put(m.memo_.size()); };                             // MEMOIZE
    table['h'] = [](Machine& m) { m.get(m.byte()); };                                    // BINGET
    table['j'] = [](Machine& m) { m.get(m.number(4)); };                                 // LONG_BINGET
    table['c'] = [](Machine& m) { m.push_line_global(); };                               // GLOBAL
    table[0x93] = [](Machine& m) { m.push_stack_global(); };                             // STACK_GLOBAL
    table['R'] = [](Machine& m) { m.reduce(); };                                         // REDUCE
    table['b'] = [](Machine& m) { m.build(); };                                          // BUILD
    table['Q'] = [](Machine& m) { m.push_storage(); };                                   // BINPERSID
    return table;
  }

  static constexpr Id kUnset = ~Id{0};
  static constexpr std::size_t kLongestName = 200;  // of a global; longer ones are not on the list

  Pickle& pickle_;
  std::string_view bytes_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::size_t most_values_, items_ = 0;
  std::vector<Id> stack_;
  std::vector<Id> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& where) { PickleMachine(*this, bytes, where).run(); }

const Pickle::Value* Pickle::get(const Value& dict, std::string_view key) const noexcept {
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Value& name = values_[dict.items[i]];
    if (name.kind == Kind::String && name.text == key) return &values_[dict.items[i + 1]];
  }
  return nullptr;
}

}  // namespace tvr
